package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.GuestFault;

/// Hardware task switches (SDM volume 3, section 7.3), 16- and 32-bit. Long mode has none: #GP.
final class TaskSwitch {
    /// What makes the switch decides on the busy bits, the back link and NT.
    enum Cause {
        JUMP,
        CALL,
        INTERRUPT,
        IRET
    }

    private static final int TS = 8;

    private TaskSwitch() {}

    /// Far JMP or CALL to a task-state segment or a task gate.
    static void throughSelector(Core core, int selector, long descriptor, Cause cause) {
        int dpl = Descriptors.dpl(descriptor);
        int type = Descriptors.type(descriptor);
        boolean task = type == Descriptors.TYPE_TSS || type == Descriptors.TYPE_TSS16;
        boolean gate = type == Descriptors.TYPE_TASK_GATE;
        if (core.state.inLongMode() || !(task || gate) || dpl < core.state.cpl || dpl < (selector & 3)) {
            throw GuestFault.gp(selector & 0xFFFC);
        }
        if (!Descriptors.isPresent(descriptor)) {
            throw new GuestFault(GuestFault.NP, selector & 0xFFFC);
        }
        int target = gate ? Descriptors.gateSelector(descriptor) : selector;
        switchTo(core, target, available(core, target), cause, core.state.flags());
    }

    /// A task gate in the IDT.
    static void throughGate(Core core, int selector, int code, int savedFlags) {
        long descriptor = available(core, selector);
        switchTo(core, selector, descriptor, Cause.INTERRUPT, savedFlags);
        if (code != GuestFault.NO_CODE) {
            core.push((core.state.tr.type() & 8) != 0 ? 4 : 2, code);
        }
    }

    /// IRET with NT set: back to the task in the link field.
    static void back(Core core) {
        var s = core.state;
        int link = (int) core.mmu.systemLoad(s.tr.base, 2);
        if ((link & 4) != 0 || Descriptors.isNull(link)) {
            throw new GuestFault(GuestFault.TS, link & 0xFFFC);
        }
        long descriptor = Descriptors.read(core, link, GuestFault.TS);
        int type = Descriptors.type(descriptor);
        boolean busy = type == Descriptors.TYPE_TSS_BUSY || type == Descriptors.TYPE_TSS16_BUSY;
        if (Descriptors.isCodeOrData(descriptor) || !busy) {
            throw new GuestFault(GuestFault.TS, link & 0xFFFC);
        }
        if (!Descriptors.isPresent(descriptor)) {
            throw new GuestFault(GuestFault.NP, link & 0xFFFC);
        }
        switchTo(core, link, descriptor, Cause.IRET, s.flags() & ~CpuState.NT);
    }

    private static long available(Core core, int selector) {
        if ((selector & 4) != 0 || Descriptors.isNull(selector)) {
            throw GuestFault.gp(selector & 0xFFFC);
        }
        long descriptor = Descriptors.read(core, selector, GuestFault.GP);
        int type = Descriptors.type(descriptor);
        boolean available = type == Descriptors.TYPE_TSS || type == Descriptors.TYPE_TSS16;
        if (Descriptors.isCodeOrData(descriptor) || !available) {
            throw GuestFault.gp(selector & 0xFFFC);
        }
        if (!Descriptors.isPresent(descriptor)) {
            throw new GuestFault(GuestFault.NP, selector & 0xFFFC);
        }
        return descriptor;
    }

    /// @param savedFlags EFLAGS as the old task keeps them
    private static void switchTo(Core core, int selector, long descriptor, Cause cause, int savedFlags) {
        var s = core.state;
        boolean wide = (Descriptors.type(descriptor) & 8) != 0;
        if (Descriptors.limit(descriptor) < (wide ? 0x67 : 0x2B)) {
            throw new GuestFault(GuestFault.TS, selector & 0xFFFC);
        }
        var image = TaskImage.read(core, Descriptors.base(descriptor), wide);
        boolean oldWide = (s.tr.type() & 8) != 0;
        // All that is written below is asked for first, so that nothing fails between.
        core.mmu.checkSystemStore(s.tr.base + (oldWide ? 0x20 : 0xE), oldWide ? 0x40 : 0x1C);
        int oldTask = s.tr.selector;
        boolean nested = cause == Cause.CALL || cause == Cause.INTERRUPT;
        if (nested) {
            core.mmu.checkSystemStore(Descriptors.base(descriptor), 2);
        } else {
            Descriptors.checkType(core, oldTask);
        }
        if (cause != Cause.IRET) {
            Descriptors.checkType(core, selector);
        }
        TaskImage.save(core, s.tr.base, oldWide, savedFlags);
        int newFlags = image.flags();
        if (nested) {
            core.mmu.systemStore(Descriptors.base(descriptor), 2, oldTask);
            newFlags |= CpuState.NT;
        } else {
            long old = Descriptors.read(core, oldTask, GuestFault.TS);
            Descriptors.setType(core, oldTask, old, Descriptors.type(old) & ~2);
        }
        if (cause != Cause.IRET) {
            // The old task may be the new one: read again.
            long fresh = Descriptors.read(core, selector, GuestFault.TS);
            Descriptors.setType(core, selector, fresh, Descriptors.type(fresh) | 2);
        }
        Descriptors.fill(s.tr, selector, descriptor);
        s.tr.access |= 2;
        s.cr0 |= TS;
        // From here on the new task runs: what goes wrong is its fault, raised with its state.
        core.committed = true;
        core.look = true;
        s.setFlags(newFlags);
        s.rip = image.ip();
        for (int i = 0; i < 8; i++) {
            core.setRegister(i, wide ? 4 : 2, image.registers()[i]);
        }
        s.dr[7] &= ~0x155L;
        core.debugChanged();
        core.flagsChanged();
        if (wide && (s.cr0 & 1L << 31) != 0) {
            ControlRegisters.writeCr3(core, image.cr3());
        }
        loadSegments(core, image);
        core.committed = false;
        core.trap = Core.Trap.NEVER;
        if (image.traps()) {
            core.pendingTrap |= ControlRegisters.DR6_BT;
        }
    }

    private static void loadSegments(Core core, TaskImage image) {
        var s = core.state;
        for (int number = 0; number < 6; number++) {
            s.segments[number].selector = image.segments()[number];
            s.segments[number].usable = false;
        }
        loadLdt(core, image.ldt());
        if (s.inVirtual8086Mode()) {
            s.cpl = 3;
            for (int number = 0; number < 6; number++) {
                Descriptors.fillReal(core, number, image.segments()[number]);
            }
            core.updateMode();
            return;
        }
        int cs = image.segments()[Insn.CS];
        int cpl = cs & 3;
        if (Descriptors.isNull(cs)) {
            throw new GuestFault(GuestFault.TS, 0);
        }
        long code = Descriptors.read(core, cs, GuestFault.TS);
        int dpl = Descriptors.dpl(code);
        if (!Descriptors.isCode(code) || (Descriptors.isConforming(code) ? dpl > cpl : dpl != cpl)) {
            throw new GuestFault(GuestFault.TS, cs & 0xFFFC);
        }
        if (!Descriptors.isPresent(code)) {
            throw new GuestFault(GuestFault.NP, cs & 0xFFFC);
        }
        s.cpl = cpl;
        Descriptors.loadStack(core, image.segments()[Insn.SS], cpl, GuestFault.TS);
        Descriptors.loadCode(core, cs, code, cpl);
        for (int number : new int[] {Insn.ES, Insn.DS, Insn.FS, Insn.GS}) {
            try {
                Descriptors.load(core, number, image.segments()[number]);
            } catch (GuestFault fault) {
                throw fault.vector == GuestFault.GP ? new GuestFault(GuestFault.TS, fault.code) : fault;
            }
        }
        if (s.rip > s.segments[Insn.CS].limit) {
            throw GuestFault.gp0();
        }
    }

    private static void loadLdt(Core core, int selector) {
        try {
            Descriptors.loadLdt(core, selector);
        } catch (GuestFault fault) {
            throw fault.vector == GuestFault.PF ? fault : new GuestFault(GuestFault.TS, selector & 0xFFFC);
        }
    }
}
