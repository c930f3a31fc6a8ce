package io.sluice.vmm.cpu.state;

/// Model-specific registers that are plain state.
public final class Msrs {
    public long star;
    public long lstar;
    public long cstar;
    public long fmask;
    public long kernelGsBase;
    public long sysenterCs;
    public long sysenterEsp;
    public long sysenterEip;
    public long tscAux;
    public long tscOffset;
    public long pat = 0x0007040600070406L;
    /// IA32_XSS: bit 10 is PASID state.
    public long xss;
    /// IA32_PASID: bit 31 valid, bits 19..0 PASID.
    public long pasid;
    public long miscEnable = 1;
    public long specCtrl;
    public long mtrrDefType;
    public final long[] mtrrFixed = new long[11];
    public final long[] mtrrVariable = new long[16];

    /// Power-on values.
    public void reset() {
        star = 0;
        lstar = 0;
        cstar = 0;
        fmask = 0;
        kernelGsBase = 0;
        sysenterCs = 0;
        sysenterEsp = 0;
        sysenterEip = 0;
        tscAux = 0;
        tscOffset = 0;
        pat = 0x0007040600070406L;
        xss = 0;
        pasid = 0;
        miscEnable = 1;
        specCtrl = 0;
        mtrrDefType = 0;
        java.util.Arrays.fill(mtrrFixed, 0);
        java.util.Arrays.fill(mtrrVariable, 0);
    }
}
