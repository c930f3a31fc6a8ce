package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;
import java.util.Arrays;

/// Registers after RESET (SDM volume 3, table 10-1).
final class ResetState {
    private ResetState() {}

    static void apply(Core core) {
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
        s.tr.selector = 0;
        s.tr.base = 0;
        s.tr.limit = 0xFFFF;
        s.tr.access = 0x8B;
        s.gdtBase = 0;
        s.gdtLimit = 0xFFFF;
        s.idtBase = 0;
        s.idtLimit = 0xFFFF;
        s.cr0 = 0x6000_0010L;
        s.cr2 = 0;
        s.cr3 = 0;
        s.cr4 = 0;
        s.efer = 0;
        s.xcr0 = 1;
        s.cpl = 0;
        Arrays.fill(s.dr, 0);
        s.dr[6] = 0xFFFF_0FF0L;
        s.dr[7] = 0x400;
        s.fpu.reset();
        s.msrs.reset();
        core.halted = false;
        core.shadow = false;
        core.nmiBlocked = false;
        core.pendingTrap = 0;
        core.debugChanged();
        core.ports.interrupts().reset();
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
