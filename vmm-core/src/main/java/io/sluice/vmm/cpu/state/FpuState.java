package io.sluice.vmm.cpu.state;

import io.sluice.vmm.cpu.fp.FpContext;

/// x87, MMX and SSE registers of one vCPU.
public final class FpuState {
    /// Significands of the eight *physical* x87 registers R0..R7; MM0..MM7 are the same bits.
    public final long[] significand = new long[8];
    /// Sign (bit 15) and exponent (bits 14..0) of R0..R7.
    public final short[] signExponent = new short[8];
    /// Control word.
    public int fcw = 0x37F;
    /// Status word; TOP is bits 13..11.
    public int fsw;
    /// Full tag word, two bits a physical register: 0 valid, 1 zero, 2 special, 3 empty.
    public int ftw = 0xFFFF;
    /// Last opcode, 11 bits.
    public int fop;
    /// Last instruction pointer and its selector.
    public long fip;
    public int fcs;
    /// Last data pointer and its selector.
    public long fdp;
    public int fds;
    /// XMM0..XMM15: low half at `2 * n`, high half at `2 * n + 1`; then [#OPERAND].
    public final long[] xmm = new long[34];
    /// Place in [#xmm] where an instruction puts its memory operand, which it then treats as one more register. Not
    /// state: it means nothing between instructions.
    public static final int OPERAND = 32;
    /// Arithmetic under MXCSR and under the control word.
    public final FpContext sse = new FpContext();

    public final FpContext x87 = new FpContext();
    public int mxcsr = MXCSR_RESET;

    public static final int MXCSR_RESET = 0x1F80;
    /// Bits of MXCSR that may be set (DAZ included); others are #GP.
    public static final int MXCSR_MASK = 0xFFFF;

    /// State after RESET (SDM volume 3, table 10-1), which FNINIT does not fully restore.
    public void reset() {
        java.util.Arrays.fill(significand, 0);
        java.util.Arrays.fill(signExponent, (short) 0);
        java.util.Arrays.fill(xmm, 0);
        fcw = 0x40;
        fsw = 0;
        ftw = 0x5555;
        fop = 0;
        fip = 0;
        fcs = 0;
        fdp = 0;
        fds = 0;
        mxcsr = MXCSR_RESET;
    }
}
