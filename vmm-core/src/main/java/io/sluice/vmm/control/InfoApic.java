package io.sluice.vmm.control;

import io.sluice.vmm.irq.LocalApicState;
import io.sluice.vmm.machine.CpuView;
import java.util.List;

/// `info lapic`: a local APIC's registers and what they mean.
final class InfoApic {
    private static final String[] MODES = {"Fixed", "...", "SMI", "...", "NMI", "INIT", "...", "ExtINT"};
    private static final String[] SHORTHANDS = {"no-shorthand", "self", "all-self", "all"};
    private static final int NMI = 4;
    private static final int X2APIC = 1 << 10;

    private final CpuView cpu;
    private final LocalApicState state;

    InfoApic(CpuView cpu) {
        this.cpu = cpu;
        this.state = cpu.apic().state();
    }

    void print(HumanText out) {
        out.print("dumping local APIC state for CPU %-2d\n\n", cpu.id());
        // The table has timer, thermal, performance, LINT0, LINT1, error.
        entry(out, "LVT0", 3);
        entry(out, "LVT1", 4);
        entry(out, "LVTPC", 2);
        entry(out, "LVTERR", 5);
        entry(out, "LVTTHMR", 1);
        entry(out, "LVTT", 0);
        int divide = state.timer().divide();
        int code = divide & 3 | divide >> 1 & 4;
        out.print(
                "Timer\t DCR=0x%x (divide by %d) initial_count = %s current_count = %s\n",
                divide & 0xF,
                code == 7 ? 1 : 2 << code,
                Integer.toUnsignedString((int) state.timer().initial()),
                Integer.toUnsignedString(cpu.apic().count()));
        out.print(
                "SPIV\t 0x%08x APIC %s, focus=%s, spurious vec %d\n",
                state.spurious(),
                (state.spurious() & 1 << 8) != 0 ? "enabled" : "disabled",
                (state.spurious() & 1 << 9) != 0 ? "on" : "off",
                state.spurious() & 0xFF);
        command(out);
        out.print("ESR\t 0x%08x\n", state.errors());
        vectors(out, "ISR", state.queue().serviced());
        vectors(out, "IRR", state.queue().requested());
        out.print(
                "\nAPR 0x00 TPR 0x%02x DFR 0x%02x LDR 0x%02x PPR 0x%02x\n",
                state.queue().taskPriority(),
                state.destinationFormat() >>> 28,
                state.logicalDestination() >>> 24,
                cpu.apic().priority());
    }

    private void entry(HumanText out, String name, int index) {
        int entry = state.lvt().get(index);
        int mode = entry >> 8 & 7;
        String timer = index != 0
                ? ""
                : switch (entry >> 17 & 3) {
                    case 1 -> "periodic";
                    case 2 -> "tsc-deadline";
                    default -> "one-shot";
                };
        out.print(
                "%s\t 0x%08x %s %-5s %-6s %-7s %-12s %-6s",
                name,
                entry,
                (entry & 1 << 13) != 0 ? "active-lo" : "active-hi",
                (entry & 1 << 15) != 0 ? "level" : "edge",
                (entry & 1 << 16) != 0 ? "masked" : "",
                (entry & 1 << 12) != 0 ? "pending" : "",
                timer,
                MODES[mode]);
        out.add(mode == NMI ? "\n" : " (vec " + (entry & 0xFF) + ")\n");
    }

    private void command(HumanText out) {
        int command = state.command();
        int shorthand = command >> 18 & 3;
        boolean logical = (command & 1 << 11) != 0;
        out.print(
                "ICR\t 0x%08x %s %s %s %s\n",
                command,
                logical ? "logical" : "physical",
                (command & 1 << 15) != 0 ? "level" : "edge",
                (command & 1 << 14) != 0 ? "assert" : "de-assert",
                SHORTHANDS[shorthand]);
        out.print("ICR2\t 0x%08x", state.commandHigh());
        out.line(shorthand != 0 ? "" : destination(logical));
    }

    private String destination(boolean logical) {
        boolean x2 = (state.base() & X2APIC) != 0;
        int high = state.commandHigh();
        String kind = x2 ? " (X2APIC ID)" : " (APIC ID)";
        if (!logical) {
            return " cpu " + Integer.toUnsignedString(x2 ? high : high >>> 24) + kind;
        }
        if (x2) {
            return " cluster " + (high >>> 16) + " mask " + mask(high, 16) + kind;
        }
        return state.destinationFormat() >>> 28 == 0xF
                ? " mask " + mask(high >>> 24, 8) + kind
                : " cluster " + (high >>> 28) + " mask " + mask(high >>> 24, 4) + kind;
    }

    private static String mask(int value, int bits) {
        var text = new StringBuilder();
        for (int bit = bits - 1; bit >= 0; bit--) {
            text.append((value >> bit & 1) != 0 ? '1' : '0');
        }
        return text.toString();
    }

    private void vectors(HumanText out, String name, List<Long> set) {
        out.print("%s\t ", name);
        boolean empty = true;
        for (int vector = 0; vector < 256; vector++) {
            if (contains(set, vector)) {
                out.print("%d%s ", vector, contains(state.queue().level(), vector) ? "(level)" : "");
                empty = false;
            }
        }
        out.line(empty ? "(none)" : "");
    }

    private static boolean contains(List<Long> set, int vector) {
        return (set.get(vector >> 6) >> (vector & 63) & 1) != 0;
    }
}
