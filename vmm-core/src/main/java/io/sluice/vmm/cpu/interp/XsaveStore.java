package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.state.FpuState;
import io.sluice.vmm.cpu.state.XState;

/// The storing half of the XSAVE family (SDM volume 1, 13.7 to 13.11). XSAVEOPT, XSAVEC and XSAVES leave out what is in
/// its initial state; what was not modified since the last restore is stored all the same, which is allowed.
final class XsaveStore {
    static final long X87 = 1;
    static final long SSE = 2;
    static final long COMPACTED = 1L << 63;

    private XsaveStore() {}

    /// XINUSE: components that differ from their initial state.
    static long inUse(Core core) {
        FpuState f = core.state.fpu;
        long used = 0;
        if (!isInitial(f)) {
            used |= X87;
        }
        for (int i = 0; i < FpuState.OPERAND; i++) {
            if (f.xmm[i] != 0) {
                used |= SSE;
            }
        }
        if (core.state.msrs.pasid != 0) {
            used |= XState.SUPERVISOR;
        }
        return used;
    }

    private static boolean isInitial(FpuState f) {
        boolean initial =
                f.fcw == 0x37F && f.fsw == 0 && f.ftw == 0xFFFF && f.fop == 0 && (f.fip | f.fdp | f.fcs | f.fds) == 0;
        for (int i = 0; i < 8; i++) {
            initial &= f.significand[i] == 0 && f.signExponent[i] == 0;
        }
        return initial;
    }

    static void store(Core core, XsaveArea area, long components, XsaveOps.Form form) {
        boolean compacted = form == XsaveOps.Form.COMPACTED || form == XsaveOps.Form.SUPERVISOR;
        long used = inUse(core);
        long written = form == XsaveOps.Form.STANDARD ? components : components & used;
        boolean mxcsr = (components & SSE) != 0;
        if (compacted && mxcsr && core.state.fpu.mxcsr != FpuState.MXCSR_RESET) {
            // MXCSR has no bit of its own: the compacting forms count it to SSE.
            written |= SSE;
            used |= SSE;
        }
        boolean pasid = (written & XState.SUPERVISOR) != 0;
        area.checkStore(pasid ? XsaveArea.EXTENDED + XState.PASID_SIZE : XsaveArea.EXTENDED);
        long old = compacted ? 0 : area.load64(XsaveArea.HEADER);
        if ((written & X87) != 0) {
            area.storeX87();
        }
        if (compacted ? (written & SSE) != 0 : mxcsr) {
            area.storeMxcsr();
        }
        if ((written & SSE) != 0) {
            area.storeXmm();
        }
        if (pasid) {
            area.store64(XsaveArea.EXTENDED, core.state.msrs.pasid);
        }
        area.store64(XsaveArea.HEADER, old & ~components | components & used);
        if (compacted) {
            area.store64(XsaveArea.HEADER + 8, components | COMPACTED);
        }
    }
}
