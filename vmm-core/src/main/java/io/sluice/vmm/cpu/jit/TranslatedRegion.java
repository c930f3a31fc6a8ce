package io.sluice.vmm.cpu.jit;

import io.sluice.vmm.cpu.interp.Core;
import io.sluice.vmm.cpu.interp.Region;
import io.sluice.vmm.cpu.mmu.Mmu;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.GuestFault;

/// What every translated region inherits: how it is left. Its methods are called by name from translated code.
abstract class TranslatedRegion extends Region {
    private final FaultPoint[] faults;

    TranslatedRegion(FaultPoint[] faults) {
        this.faults = faults;
    }

    /// What has to be known of an instruction where it faults.
    ///
    /// @param offset in the page
    /// @param rest how many instructions of its block are not done then, itself included
    /// @param onStack whether an address that is not canonical is one of the stack segment
    record FaultPoint(int offset, int rest, boolean onStack) {}

    /// Brings the registers that live in locals home after a fault; the caller throws what this returns.
    GuestFault fault(GuestFault fault, Core core, long base, int at, int done, int kind, long a, long b) {
        var point = faults[at];
        core.executed = done - point.rest;
        leave(core.state, base + point.offset, kind, a, b);
        return fault.isNotCanonical() && point.onStack ? GuestFault.ss0() : fault;
    }

    static void leave(CpuState s, long rip, int kind, long a, long b) {
        s.rip = rip;
        ConditionCodes.store(s, kind, a, b);
    }

    /// Where the interpreter's operations look for the address of their instruction.
    static void enter(CpuState s, long rip) {
        s.rip = rip;
        s.gpr[CpuState.BLOCK_RIP] = rip;
    }

    static long segmentBase(CpuState s, int number) {
        return s.segments[number].base;
    }

    /// The target of an indirect transfer.
    static long target(long linear) {
        if (!Mmu.isCanonical(linear)) {
            throw GuestFault.gp0();
        }
        return linear;
    }
}
