package io.sluice.vmm.machine;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;

/// A vCPU's registers for people.
final class CpuText {
    private static final String[] GENERAL = {
        "RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8 ", "R9 ", "R10", "R11", "R12", "R13", "R14", "R15"
    };
    private static final String[] SEGMENTS = {"ES", "CS", "SS", "DS", "FS", "GS"};

    private CpuText() {}

    static String of(CpuState cpu) {
        var text = new StringBuilder();
        for (int i = 0; i < GENERAL.length; i++) {
            text.append(String.format("%s=%016x%s", GENERAL[i], cpu.gpr[i], i % 4 == 3 ? "\n" : " "));
        }
        text.append(String.format("RIP=%016x RFL=%08x CPL=%d%n", cpu.rip, cpu.flags(), cpu.cpl));
        for (int i = Insn.ES; i <= Insn.GS; i++) {
            var segment = cpu.segments[i];
            text.append(String.format(
                    "%s =%04x %016x %08x %04x%n",
                    SEGMENTS[i], segment.selector, segment.base, segment.limit, segment.access));
        }
        text.append(
                String.format("GDT=%016x %04x IDT=%016x %04x%n", cpu.gdtBase, cpu.gdtLimit, cpu.idtBase, cpu.idtLimit));
        text.append(String.format(
                "CR0=%08x CR2=%016x CR3=%016x CR4=%08x EFER=%016x%n", cpu.cr0, cpu.cr2, cpu.cr3, cpu.cr4, cpu.efer));
        return text.toString();
    }
}
