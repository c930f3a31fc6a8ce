package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.GuestFault;

/// Brings exceptions, traps and interrupts to the guest's handlers, and finds out when there is no way (SDM volume 3,
/// section 6.15).
final class Delivery {
    private final Core core;
    private final CpuState state;
    private final InterpreterCounters counters;

    /// Something was delivered since this was set to false.
    boolean raised;
    /// A double fault could not be delivered: the processor shuts down.
    boolean shutDown;

    Delivery(Core core, InterpreterCounters counters) {
        this.core = core;
        this.state = core.state;
        this.counters = counters;
    }

    /// The debug traps that wait for the end of an instruction.
    void raiseTrap() {
        state.dr[6] |= core.pendingTrap;
        core.pendingTrap = 0;
        raise(new GuestFault(GuestFault.DB, GuestFault.NO_CODE), state.flags());
    }

    /// An interrupt that was acknowledged, or an NMI.
    void interrupt(int vector) {
        raised = true;
        try {
            Interrupts.deliver(core, vector, Interrupts.Source.HARDWARE, GuestFault.NO_CODE, state.flags());
        } catch (GuestFault fault) {
            raise(fault, state.flags());
        }
    }

    /// Delivers an exception; a fault on the way makes a double fault or the end. Each turn of the loop is a worse
    /// class
    /// of exception than the last, so it ends.
    void raise(GuestFault first, int savedFlags) {
        raised = true;
        core.look = true;
        core.committed = false;
        // A guest whose handler faults at once must not escape the clock.
        core.spent++;
        var fault = first;
        notePageFault(fault);
        while (true) {
            counters.exceptions[fault.vector & InterpreterCounters.EXCEPTIONS - 1]++;
            try {
                Interrupts.deliver(core, fault.vector, Interrupts.Source.HARDWARE, fault.code, savedFlags);
                if (fault.vector == GuestFault.DB) {
                    state.dr[7] &= ~ControlRegisters.DR7_GD;
                }
                return;
            } catch (GuestFault second) {
                core.committed = false;
                notePageFault(second);
                if (fault.vector == GuestFault.DF) {
                    shutDown = true;
                    core.told.shutsDown();
                    return;
                }
                boolean combines = isContributory(fault.vector) && isContributory(second.vector)
                        || fault.vector == GuestFault.PF
                                && (second.vector == GuestFault.PF || isContributory(second.vector));
                fault = combines ? new GuestFault(GuestFault.DF, 0) : second;
            }
        }
    }

    /// Also of page faults that become double faults (section 6.15, on #PF).
    private void notePageFault(GuestFault fault) {
        if (fault.vector == GuestFault.PF) {
            state.cr2 = fault.address;
        }
    }

    private static boolean isContributory(int vector) {
        return vector == GuestFault.DE || vector >= GuestFault.TS && vector <= GuestFault.GP;
    }
}
