package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.GuestFault;

/// Delivery of interrupts and exceptions in every mode (SDM volume 3, chapter 6).
final class Interrupts {
    /// Where an interruption comes from decides on privilege checks and on the EXT bit of error codes.
    enum Source {
        /// A fault or trap of the processor, or an external interrupt.
        HARDWARE,
        /// INT n, INT3, INTO: the gate's DPL counts.
        SOFTWARE,
        /// INT1: without the DPL check, and external as far as error codes go.
        PRIVILEGED_SOFTWARE
    }

    private static final int IDT = 2;

    private Interrupts() {}

    /// Delivers; `rip` of the state is what is pushed. A fault on the way has changed nothing but accessed bits and
    /// bytes below the stack pointer (or is the new task's own, see [TaskSwitch]).
    ///
    /// @param code error code, or [GuestFault#NO_CODE]
    /// @param savedFlags RFLAGS as pushed
    static void deliver(Core core, int vector, Source source, int code, int savedFlags) {
        core.told.delivers(vector, source != Source.HARDWARE, code);
        try {
            deliver(core, vector, source == Source.SOFTWARE, code, savedFlags);
        } catch (GuestFault fault) {
            throw source == Source.SOFTWARE ? fault : fault.whileDelivering();
        }
        core.halted = false;
        core.trap = Core.Trap.NEVER;
        core.lookForInterrupts();
    }

    private static void deliver(Core core, int vector, boolean software, int code, int savedFlags) {
        var s = core.state;
        if (!s.inProtectedMode()) {
            deliverReal(core, vector, savedFlags);
        } else if (s.inLongMode()) {
            deliverLong(core, vector, software, code, savedFlags);
        } else {
            deliverProtected(core, vector, software, code, savedFlags);
        }
    }

    private static GuestFault gateFault(int vector, int number) {
        return new GuestFault(vector, number * 8 | IDT);
    }

    private static void deliverReal(Core core, int vector, int savedFlags) {
        var s = core.state;
        if (vector * 4 + 3 > s.idtLimit) {
            throw gateFault(GuestFault.GP, vector);
        }
        long entry = core.mmu.systemLoad(s.idtBase + 4L * vector & 0xFFFF_FFFFL, 4);
        var frame = new Frame(core, null, 2, 0);
        frame.push(savedFlags);
        frame.push(s.segments[Insn.CS].selector);
        frame.push(s.rip);
        frame.store();
        frame.commit();
        s.systemFlags &= ~(CpuState.IF | CpuState.TF | CpuState.AC | CpuState.RF);
        Descriptors.fillReal(core, Insn.CS, (int) (entry >>> 16) & 0xFFFF);
        s.rip = entry & 0xFFFF;
        core.updateMode();
    }

    private static void deliverLong(Core core, int vector, boolean software, int code, int savedFlags) {
        var s = core.state;
        if (vector * 16 + 15 > s.idtLimit) {
            throw gateFault(GuestFault.GP, vector);
        }
        long gate = core.mmu.systemLoad(s.idtBase + 16L * vector, 8);
        long upper = core.mmu.systemLoad(s.idtBase + 16L * vector + 8, 8);
        int type = Descriptors.type(gate);
        boolean usable = !Descriptors.isCodeOrData(gate)
                && (type == Descriptors.TYPE_INTERRUPT_GATE || type == Descriptors.TYPE_TRAP_GATE);
        checkGate(core, gate, vector, software, usable);
        int selector = Descriptors.gateSelector(gate);
        long codeSegment = targetSegment(core, selector);
        if (!Descriptors.isLong(codeSegment) || Descriptors.isBig(codeSegment)) {
            throw GuestFault.gp(selector & 0xFFFC);
        }
        long target = Descriptors.gateOffset32(gate) | upper << 32;
        int ist = (int) (gate >>> 32) & 7;
        int level = Descriptors.isConforming(codeSegment) ? s.cpl : Descriptors.dpl(codeSegment);
        int oldSs = s.segments[Insn.SS].selector;
        long oldSp = core.gpr[4];
        InnerStack stack = level < s.cpl || ist != 0 ? InnerStack.of(core, level, ist) : null;
        if (target >> 47 != target >> 63) {
            throw GuestFault.gp0();
        }
        boolean inward = level < s.cpl;
        var frame = new Frame(core, stack, 8, level);
        frame.align();
        frame.push(oldSs);
        frame.push(oldSp);
        frame.push(savedFlags);
        frame.push(s.segments[Insn.CS].selector);
        frame.push(s.rip);
        if (code != GuestFault.NO_CODE) {
            frame.push(code);
        }
        frame.store();
        Descriptors.loadCode(core, selector, codeSegment, level);
        if (inward) {
            frame.commit();
        } else {
            // Same level: SS stays as it is, with or without an interrupt stack.
            core.gpr[4] = frame.bottom();
        }
        enter(core, type == Descriptors.TYPE_INTERRUPT_GATE, target);
    }

    private static void deliverProtected(Core core, int vector, boolean software, int code, int savedFlags) {
        var s = core.state;
        if (vector * 8 + 7 > s.idtLimit) {
            throw gateFault(GuestFault.GP, vector);
        }
        long gate = core.mmu.systemLoad(s.idtBase + 8L * vector & 0xFFFF_FFFFL, 8);
        int type = Descriptors.type(gate);
        boolean task = type == Descriptors.TYPE_TASK_GATE;
        boolean wide = type == Descriptors.TYPE_INTERRUPT_GATE || type == Descriptors.TYPE_TRAP_GATE;
        boolean narrow = type == Descriptors.TYPE_INTERRUPT_GATE16 || type == Descriptors.TYPE_TRAP_GATE16;
        checkGate(core, gate, vector, software, !Descriptors.isCodeOrData(gate) && (task || wide || narrow));
        if (task) {
            TaskSwitch.throughGate(core, Descriptors.gateSelector(gate), code, savedFlags);
            return;
        }
        int selector = Descriptors.gateSelector(gate);
        long codeSegment = targetSegment(core, selector);
        long target = wide ? Descriptors.gateOffset32(gate) : gate & 0xFFFF;
        int level = Descriptors.isConforming(codeSegment) ? s.cpl : Descriptors.dpl(codeSegment);
        boolean inward = level < s.cpl;
        boolean fromVirtual = s.inVirtual8086Mode();
        if (fromVirtual && level != 0) {
            throw GuestFault.gp(selector & 0xFFFC);
        }
        int oldSs = s.segments[Insn.SS].selector;
        long oldSp = core.gpr[4];
        var frame = new Frame(core, inward ? InnerStack.of(core, level, 0) : null, wide ? 4 : 2, level);
        FarTransfer.checkOffset(core, codeSegment, target);
        if (fromVirtual) {
            frame.push(s.segments[Insn.GS].selector);
            frame.push(s.segments[Insn.FS].selector);
            frame.push(s.segments[Insn.DS].selector);
            frame.push(s.segments[Insn.ES].selector);
        }
        if (inward) {
            frame.push(oldSs);
            frame.push(oldSp);
        }
        frame.push(savedFlags);
        frame.push(s.segments[Insn.CS].selector);
        frame.push(s.rip);
        if (code != GuestFault.NO_CODE) {
            frame.push(code);
        }
        frame.store();
        codeSegment = Descriptors.markAccessed(core, selector, codeSegment);
        if (fromVirtual) {
            s.systemFlags &= ~CpuState.VM;
            for (int number : new int[] {Insn.ES, Insn.DS, Insn.FS, Insn.GS}) {
                Descriptors.fillNull(s.segments[number], 0);
            }
        }
        Descriptors.loadCode(core, selector, codeSegment, level);
        frame.commit();
        enter(core, type == Descriptors.TYPE_INTERRUPT_GATE || type == Descriptors.TYPE_INTERRUPT_GATE16, target);
    }

    private static void checkGate(Core core, long gate, int vector, boolean software, boolean usable) {
        if (!usable || software && Descriptors.dpl(gate) < core.state.cpl) {
            throw gateFault(GuestFault.GP, vector);
        }
        if (!Descriptors.isPresent(gate)) {
            throw gateFault(GuestFault.NP, vector);
        }
    }

    private static long targetSegment(Core core, int selector) {
        if (Descriptors.isNull(selector)) {
            throw GuestFault.gp0();
        }
        long descriptor = Descriptors.read(core, selector, GuestFault.GP);
        if (!Descriptors.isCode(descriptor) || Descriptors.dpl(descriptor) > core.state.cpl) {
            throw GuestFault.gp(selector & 0xFFFC);
        }
        if (!Descriptors.isPresent(descriptor)) {
            throw new GuestFault(GuestFault.NP, selector & 0xFFFC);
        }
        return descriptor;
    }

    private static void enter(Core core, boolean interruptGate, long target) {
        var s = core.state;
        s.systemFlags &= ~(CpuState.TF | CpuState.NT | CpuState.RF | CpuState.VM);
        if (interruptGate) {
            s.systemFlags &= ~CpuState.IF;
        }
        s.rip = target;
    }
}
