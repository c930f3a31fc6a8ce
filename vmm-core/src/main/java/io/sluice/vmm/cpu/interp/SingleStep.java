package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.GuestFault;

/// Runs instructions one by one, where something may happen between any two: the guest's debug registers, its trap
/// flag,
/// interrupt shadows, a debugger's step.
final class SingleStep {
    private final Interpreter interpreter;
    private final Core core;
    private final CpuState state;
    private final Delivery delivery;

    SingleStep(Interpreter interpreter, Core core, Delivery delivery) {
        this.interpreter = interpreter;
        this.core = core;
        this.state = core.state;
        this.delivery = delivery;
    }

    /// Runs one instruction with everything that single steps, breakpoints, RF and the interrupt shadow ask for.
    void step() {
        if (core.debug.inPlaceOf(core.linearIp()) != null) {
            core.debug.reach();
            return;
        }
        boolean trapFlag = state.flag(CpuState.TF);
        boolean shadowed = core.shadow;
        boolean behindStackSwitch = shadowed && core.shadowHoldsTraps;
        core.shadow = false;
        core.look = true;
        core.trap = Core.Trap.BY_OLD_FLAGS;
        delivery.raised = false;
        try {
            long linear = core.linearIp();
            if (core.debugging && !behindStackSwitch && !state.flag(CpuState.RF)) {
                long hits = Breakpoints.instruction(core, linear);
                if (hits != 0) {
                    state.dr[6] |= hits;
                    throw new GuestFault(GuestFault.DB, GuestFault.NO_CODE);
                }
            }
            interpreter.requireIpInLimit();
            var block = interpreter.blockAt(linear, core.mode | Core.MODE_SINGLE);
            if (!core.is64() && state.rip + block.bytes - 1 > state.segments[Insn.CS].limit) {
                throw GuestFault.gp0();
            }
            core.told.runs(linear, block);
            // It was for this instruction; IRET and interrupted strings set it anew.
            state.systemFlags &= ~CpuState.RF;
            interpreter.execute(block);
        } catch (GuestFault fault) {
            delivery.raise(fault, state.flags() | CpuState.RF);
        }
        if (delivery.raised) {
            core.pendingTrap = 0;
            return;
        }
        boolean singleStep = switch (core.trap) {
            case BY_OLD_FLAGS -> trapFlag;
            case BY_NEW_FLAGS -> state.flag(CpuState.TF);
            case NEVER -> false;
        };
        if (singleStep) {
            core.pendingTrap |= ControlRegisters.DR6_BS;
        }
        if (core.shadow && core.shadowHoldsTraps) {
            // Behind MOV SS data breakpoints wait for one instruction more, a single step is lost.
            core.pendingTrap &= 0xF;
        } else if (core.pendingTrap != 0) {
            delivery.raiseTrap();
        }
        if (shadowed && core.shadow) {
            // STI in a shadow does not prolong it; MOV SS may, one instruction each.
            core.shadow = core.shadowHoldsTraps;
        }
    }
}
