package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;
import java.util.Arrays;

/// Registers after RESET and INIT (SDM volume 3, table 10-1).
final class ResetState {
    private ResetState() {}

    /// RESET.
    static void apply(Core core) {
        var s = core.state;
        s.fpu.reset();
        s.msrs.reset();
        s.xcr0 = 1;
        s.cr0 = 0x6000_0010L;
        core.ports.interrupts().reset();
        registers(core);
    }

    /// INIT: as RESET, but the floating point, the MSRs, XCR0 and the cache bits of CR0 stay as they are.
    static void init(Core core) {
        core.state.cr0 = core.state.cr0 & (ControlRegisters.CD | ControlRegisters.NW) | ControlRegisters.ET;
        core.ports.interrupts().init();
        registers(core);
    }

    /// A startup message: real mode at `vector << 12`.
    static void start(Core core, int vector) {
        var cs = core.state.segments[Insn.CS];
        cs.selector = vector << 8;
        cs.base = (long) vector << 12;
        core.state.rip = 0;
        core.updateMode();
    }

    private static void registers(Core core) {
        var s = core.state;
        Arrays.fill(s.gpr, 0);
        s.gpr[2] = 0x000806F8;
        s.rip = 0xFFF0;
        s.setFlags(0);
        for (int number = 0; number < 6; number++) {
            segment(s, number);
        }
        s.segments[Insn.CS].selector = 0xF000;
        s.segments[Insn.CS].base = 0xFFFF_0000L;
        s.ldtr.selector = 0;
        s.ldtr.base = 0;
        s.ldtr.limit = 0xFFFF;
        s.ldtr.access = 0x82;
        s.ldtr.usable = true;
        s.tr.selector = 0;
        s.tr.base = 0;
        s.tr.limit = 0xFFFF;
        s.tr.access = 0x8B;
        s.tr.usable = true;
        s.gdtBase = 0;
        s.gdtLimit = 0xFFFF;
        s.idtBase = 0;
        s.idtLimit = 0xFFFF;
        s.cr2 = 0;
        s.cr3 = 0;
        s.cr4 = 0;
        s.efer = 0;
        s.cpl = 0;
        Arrays.fill(s.dr, 0);
        s.dr[6] = 0xFFFF_0FF0L;
        s.dr[7] = 0x400;
        core.halted = false;
        core.shadow = false;
        core.nmiBlocked = false;
        core.shadowHoldsTraps = false;
        core.pendingTrap = 0;
        core.committed = false;
        core.spent = 0;
        core.debugChanged();
        core.updateMode();
    }

    private static void segment(CpuState s, int number) {
        var segment = s.segments[number];
        segment.selector = 0;
        segment.base = 0;
        segment.limit = 0xFFFF;
        segment.access = 0x93;
        segment.usable = true;
    }
}
