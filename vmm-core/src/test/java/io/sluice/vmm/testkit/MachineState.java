package io.sluice.vmm.testkit;

import java.util.Arrays;

/// Everything of a CPU that a user-mode instruction can read or change.
public final class MachineState {
    /// RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8..R15.
    public final long[] gpr = new long[16];
    public long rip;
    public long rflags;
    public long fsBase;
    public long gsBase;
    /// ES, CS, SS, DS, FS, GS after the instruction. Before it: ES, SS and DS are user data, FS and GS null.
    public final int[] selectors = new int[6];
    /// x87, MMX, MXCSR and XMM in the layout of FXSAVE64.
    public final byte[] fpu = new byte[512];
    /// The bytes at [HostCpu#WINDOW].
    public final byte[] memory = new byte[HostCpu.WINDOW_SIZE];
    /// Vector of the exception that ended it, or [#NO_FAULT].
    public int vector = NO_FAULT;
    /// Its error code (0 if it has none) and its address (#PF).
    public int errorCode;

    public long faultAddress;

    public static final int NO_FAULT = -1;

    private static final int BREAKPOINT = 3;
    private static final int PAGE_FAULT = 14;
    private static final int FETCH = 0x10;

    /// Takes the INT3 or the failed fetch behind a completed instruction of `length` bytes out of its result.
    void settle(int length) {
        long behind = rip - HostCpu.INSTRUCTION;
        boolean breakpointBehind = vector == BREAKPOINT && (behind > length || behind <= 0);
        boolean fetchBehind =
                vector == PAGE_FAULT && (errorCode & FETCH) != 0 && faultAddress == rip && rip != HostCpu.INSTRUCTION;
        if (breakpointBehind) {
            rip -= 1;
        }
        if (breakpointBehind || fetchBehind) {
            vector = NO_FAULT;
            errorCode = 0;
            faultAddress = 0;
        }
    }

    public MachineState copy() {
        var copy = new MachineState();
        copy.copyFrom(this);
        return copy;
    }

    public void copyFrom(MachineState other) {
        System.arraycopy(other.gpr, 0, gpr, 0, gpr.length);
        rip = other.rip;
        rflags = other.rflags;
        fsBase = other.fsBase;
        gsBase = other.gsBase;
        System.arraycopy(other.selectors, 0, selectors, 0, 6);
        System.arraycopy(other.fpu, 0, fpu, 0, fpu.length);
        System.arraycopy(other.memory, 0, memory, 0, memory.length);
        vector = other.vector;
        errorCode = other.errorCode;
        faultAddress = other.faultAddress;
    }

    @Override
    public String toString() {
        var text = new StringBuilder();
        text.append("rip=%x rflags=%x vector=%d code=%x address=%x fs=%x gs=%x%n"
                .formatted(rip, rflags, vector, errorCode, faultAddress, fsBase, gsBase));
        for (int i = 0; i < 16; i++) {
            text.append("r%d=%x ".formatted(i, gpr[i]));
        }
        return text.append("memory#=%08x".formatted(Arrays.hashCode(memory))).toString();
    }
}
