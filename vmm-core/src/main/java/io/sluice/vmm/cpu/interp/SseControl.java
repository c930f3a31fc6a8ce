package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.fp.FpContext;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.FpuState;
import io.sluice.vmm.cpu.state.GuestFault;

/// Whether SSE may run, and what becomes of the exceptions that it raises.
final class SseControl {
    private static final int CR0_EM = 1 << 2;
    private static final int CR0_TS = 1 << 3;
    private static final int CR4_OSFXSR = 1 << 9;
    private static final int CR4_OSXMMEXCPT = 1 << 10;

    private SseControl() {}

    /// #UD or #NM (SDM volume 3, table 14-1).
    static void check(Core core) {
        CpuState state = core.state;
        if ((state.cr0 & (CR0_EM | CR0_TS)) != 0 || (state.cr4 & CR4_OSFXSR) == 0) {
            refuse(state);
        }
    }

    private static void refuse(CpuState state) {
        if ((state.cr0 & CR0_EM) != 0 || (state.cr4 & CR4_OSFXSR) == 0) {
            throw GuestFault.ud();
        }
        throw GuestFault.nm();
    }

    /// Checks, and prepares for arithmetic under MXCSR.
    static FpContext begin(Core core) {
        check(core);
        FpuState fpu = core.state.fpu;
        fpu.sse.useMxcsr(fpu.mxcsr);
        return fpu.sse;
    }

    /// Enters the flags into MXCSR; an unmasked one is a fault, so no result may have been written yet.
    static void end(Core core, FpContext c) {
        if (c.flags != 0) {
            report(core, c);
        }
    }

    private static void report(Core core, FpContext c) {
        // An unmasked exception before the result leaves no result to round, in any lane.
        int flags = c.stopped() ? c.flags & FpContext.BEFORE_RESULT : c.flags;
        core.state.fpu.mxcsr |= flags;
        if ((flags & ~c.masks) != 0) {
            throw (core.state.cr4 & CR4_OSXMMEXCPT) != 0 ? GuestFault.xm() : GuestFault.ud();
        }
    }
}
