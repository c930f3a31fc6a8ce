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
        /// INT1: as software, but without the DPL check.
        PRIVILEGED_SOFTWARE
    }

    private static final int EXT = 1;
    private static final int IDT = 2;

    private Interrupts() {}

    static boolean hasErrorCode(int vector) {
        return vector == 8 || vector >= 10 && vector <= 14 || vector == 17;
    }

    /// Delivers; `rip` of the state is what is pushed.
    ///
    /// @param code error code, or [GuestFault#NO_CODE]
    /// @param savedFlags RFLAGS as pushed
    static void deliver(Core core, int vector, Source source, int code, int savedFlags) {
        var s = core.state;
        if (!s.inProtectedMode()) {
            deliverReal(core, vector, savedFlags);
        } else if (s.inLongMode()) {
            deliverLong(core, vector, source, code, savedFlags);
        } else {
            deliverProtected(core, vector, source, code, savedFlags);
        }
        core.lookForInterrupts();
    }

    private static GuestFault gateFault(int vector, int number, Source source) {
        return new GuestFault(vector, number * 8 | IDT | (source == Source.HARDWARE ? EXT : 0));
    }

    private static int selectorCode(int selector, Source source) {
        return selector & 0xFFFC | (source == Source.HARDWARE ? EXT : 0);
    }

    private static void deliverReal(Core core, int vector, int savedFlags) {
        var s = core.state;
        if (vector * 4 + 3 > s.idtLimit) {
            throw gateFault(GuestFault.GP, vector, Source.SOFTWARE);
        }
        long entry = core.mmu.systemLoad(s.idtBase + 4L * vector, 4);
        var frame = new Frame(core, null, 2);
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

    private static void deliverLong(Core core, int vector, Source source, int code, int savedFlags) {
        var s = core.state;
        if (vector * 16 + 15 > s.idtLimit) {
            throw gateFault(GuestFault.GP, vector, source);
        }
        long gate = core.mmu.systemLoad(s.idtBase + 16L * vector, 8);
        long upper = core.mmu.systemLoad(s.idtBase + 16L * vector + 8, 8);
        int type = Descriptors.type(gate);
        boolean usable = !Descriptors.isCodeOrData(gate)
                && (type == Descriptors.TYPE_INTERRUPT_GATE || type == Descriptors.TYPE_TRAP_GATE);
        checkGate(core, gate, vector, source, usable);
        int selector = Descriptors.gateSelector(gate);
        long codeSegment = targetSegment(core, selector, source);
        if (!Descriptors.isLong(codeSegment) || Descriptors.isBig(codeSegment)) {
            throw GuestFault.gp(selectorCode(selector, source));
        }
        long target = Descriptors.gateOffset32(gate) | upper << 32;
        int ist = (int) (gate >>> 32) & 7;
        int level = Descriptors.isConforming(codeSegment) ? s.cpl : Descriptors.dpl(codeSegment);
        int oldSs = s.segments[Insn.SS].selector;
        long oldSp = core.gpr[4];
        InnerStack stack = level < s.cpl || ist != 0 ? InnerStack.of(core, level, ist) : null;
        if (target >> 47 != target >> 63) {
            throw GuestFault.gp(source == Source.HARDWARE ? EXT : 0);
        }
        boolean inward = level < s.cpl;
        var frame = new Frame(core, stack, 8);
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

    private static void deliverProtected(Core core, int vector, Source source, int code, int savedFlags) {
        var s = core.state;
        if (s.inVirtual8086Mode() && source == Source.SOFTWARE && s.iopl() < 3 && vector != 3 && vector != 4) {
            throw GuestFault.gp0();
        }
        if (vector * 8 + 7 > s.idtLimit) {
            throw gateFault(GuestFault.GP, vector, source);
        }
        long gate = core.mmu.systemLoad(s.idtBase + 8L * vector & 0xFFFF_FFFFL, 8);
        int type = Descriptors.type(gate);
        boolean task = type == Descriptors.TYPE_TASK_GATE;
        boolean wide = type == Descriptors.TYPE_INTERRUPT_GATE || type == Descriptors.TYPE_TRAP_GATE;
        boolean narrow = type == Descriptors.TYPE_INTERRUPT_GATE16 || type == Descriptors.TYPE_TRAP_GATE16;
        checkGate(core, gate, vector, source, !Descriptors.isCodeOrData(gate) && (task || wide || narrow));
        if (task) {
            TaskSwitch.throughGate(core, Descriptors.gateSelector(gate), code, source);
            return;
        }
        int selector = Descriptors.gateSelector(gate);
        long codeSegment = targetSegment(core, selector, source);
        long target = wide ? Descriptors.gateOffset32(gate) : gate & 0xFFFF;
        int level = Descriptors.isConforming(codeSegment) ? s.cpl : Descriptors.dpl(codeSegment);
        boolean inward = level < s.cpl;
        boolean fromVirtual = s.inVirtual8086Mode();
        if (fromVirtual && level != 0) {
            throw GuestFault.gp(selectorCode(selector, source));
        }
        int oldSs = s.segments[Insn.SS].selector;
        long oldSp = core.gpr[4];
        var frame = new Frame(core, inward ? InnerStack.of(core, level, 0) : null, wide ? 4 : 2);
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
        if (fromVirtual) {
            s.systemFlags &= ~CpuState.VM;
            for (int number : new int[] {Insn.ES, Insn.DS, Insn.FS, Insn.GS}) {
                s.segments[number].selector = 0;
                s.segments[number].usable = false;
            }
        }
        Descriptors.loadCode(core, selector, codeSegment, level);
        frame.commit();
        enter(core, type == Descriptors.TYPE_INTERRUPT_GATE || type == Descriptors.TYPE_INTERRUPT_GATE16, target);
    }

    private static void checkGate(Core core, long gate, int vector, Source source, boolean usable) {
        if (!usable || source == Source.SOFTWARE && Descriptors.dpl(gate) < core.state.cpl) {
            throw gateFault(GuestFault.GP, vector, source);
        }
        if (!Descriptors.isPresent(gate)) {
            throw gateFault(GuestFault.NP, vector, source);
        }
    }

    private static long targetSegment(Core core, int selector, Source source) {
        int ext = source == Source.HARDWARE ? EXT : 0;
        if (Descriptors.isNull(selector)) {
            throw GuestFault.gp(ext);
        }
        long at = Descriptors.entry(core, selector, 8);
        if (at == -1) {
            throw GuestFault.gp(selectorCode(selector, source));
        }
        long descriptor = core.mmu.systemLoad(at, 8);
        if (!Descriptors.isCode(descriptor) || Descriptors.dpl(descriptor) > core.state.cpl) {
            throw GuestFault.gp(selectorCode(selector, source));
        }
        if (!Descriptors.isPresent(descriptor)) {
            throw new GuestFault(GuestFault.NP, selectorCode(selector, source));
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
