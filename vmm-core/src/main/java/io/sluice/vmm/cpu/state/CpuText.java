package io.sluice.vmm.cpu.state;

/// A vCPU's registers for people and scripts, laid out as QEMU's `-d cpu` and `info registers` do; without the
/// lines that show how TCG keeps flags. On the vCPU's thread, or while it stands still.
public final class CpuText {
    private static final String[] GENERAL = {
        "RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8 ", "R9 ", "R10", "R11", "R12", "R13", "R14", "R15"
    };
    /// The order in which they are shown.
    private static final int[] SHOWN = {0, 3, 1, 2, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15};

    private static final int GENERAL_32 = 8;
    private static final int IN_A_LINE = 4;
    private static final String[] SEGMENTS = {"ES", "CS", "SS", "DS", "FS", "GS"};
    private static final String[] SYSTEM_32 = {
        "Reserved", "TSS16-avl", "LDT", "TSS16-busy", "CallGate16", "TaskGate", "IntGate16", "TrapGate16",
        "Reserved", "TSS32-avl", "Reserved", "TSS32-busy", "CallGate32", "Reserved", "IntGate32", "TrapGate32"
    };
    private static final String[] SYSTEM_64 = {
        "<hiword>", "Reserved", "LDT", "Reserved", "Reserved", "Reserved", "Reserved", "Reserved",
        "Reserved", "TSS64-avl", "Reserved", "TSS64-busy", "CallGate64", "Reserved", "IntGate64", "TrapGate64"
    };
    private static final int PRESENT = 1 << 7;
    private static final int CODE_OR_DATA = 1 << 4;
    private static final int CODE = 1 << 3;
    private static final int GRANULAR = 1 << 15;

    private final CpuState cpu;
    private final StringBuilder text = new StringBuilder(1536);
    private final boolean wide;

    private CpuText(CpuState cpu) {
        this.cpu = cpu;
        this.wide = cpu.inLongMode() && cpu.segments[1].isLong();
    }

    public static String of(CpuState cpu) {
        return of(cpu, false, true, false);
    }

    /// @param shadow no interrupt before the next instruction is done
    /// @param a20 whether address line 20 is let through
    /// @param halted the vCPU waits in HLT
    public static String of(CpuState cpu, boolean shadow, boolean a20, boolean halted) {
        var text = new CpuText(cpu);
        text.general();
        text.flags(shadow, a20, halted);
        text.segments();
        text.system();
        return text.text.toString();
    }

    private void general() {
        int count = wide ? GENERAL.length : GENERAL_32;
        for (int i = 0; i < count; i++) {
            int register = SHOWN[i];
            text.append(wide ? GENERAL[register] : "E" + GENERAL[register].substring(1));
            text.append('=');
            number(cpu.gpr[register], wide ? 16 : 8);
            text.append(i % IN_A_LINE == IN_A_LINE - 1 ? '\n' : ' ');
        }
    }

    private void flags(boolean shadow, boolean a20, boolean halted) {
        int flags = cpu.flags();
        text.append(wide ? "RIP=" : "EIP=");
        number(cpu.rip, wide ? 16 : 8);
        text.append(wide ? " RFL=" : " EFL=");
        number(flags, 8);
        text.append(" [");
        flag(flags, CpuState.DF, 'D');
        flag(flags, CpuState.OF, 'O');
        flag(flags, CpuState.SF, 'S');
        flag(flags, CpuState.ZF, 'Z');
        flag(flags, CpuState.AF, 'A');
        flag(flags, CpuState.PF, 'P');
        flag(flags, CpuState.CF, 'C');
        text.append("] CPL=").append(cpu.cpl).append(" II=").append(shadow ? 1 : 0);
        text.append(" A20=")
                .append(a20 ? 1 : 0)
                .append(" SMM=0 HLT=")
                .append(halted ? 1 : 0)
                .append('\n');
    }

    private void flag(int flags, int bit, char letter) {
        text.append((flags & bit) != 0 ? letter : '-');
    }

    private void segments() {
        for (int i = 0; i < SEGMENTS.length; i++) {
            segment(SEGMENTS[i], cpu.segments[i]);
        }
        segment("LDT", cpu.ldtr);
        segment("TR", cpu.tr);
    }

    private void segment(String name, Segment segment) {
        int high = (int) (segment.limit >>> ((segment.access & GRANULAR) != 0 ? 28 : 16)) & 0xF;
        int access = segment.access | high << 8;
        text.append(name).append(" ".repeat(3 - name.length())).append('=');
        number(segment.selector, 4);
        text.append(' ');
        number(segment.base, wide ? 16 : 8);
        text.append(' ');
        number(segment.limit, 8);
        text.append(' ');
        number((long) access << 8 & 0xFF_FF00, 8);
        if (cpu.inProtectedMode() && (access & PRESENT) != 0) {
            text.append(" DPL=").append(segment.dpl()).append(' ');
            kind(segment, access);
        }
        text.append('\n');
    }

    private void kind(Segment segment, int access) {
        if ((access & CODE_OR_DATA) == 0) {
            text.append((cpu.inLongMode() ? SYSTEM_64 : SYSTEM_32)[segment.type()]);
        } else if ((access & CODE) != 0) {
            text.append(segment.isLong() ? "CS64" : segment.big() ? "CS32" : "CS16");
            rights(access, 'C', 'R');
        } else {
            text.append(segment.big() || cpu.inLongMode() ? "DS  " : "DS16");
            rights(access, 'E', 'W');
        }
    }

    private void rights(int access, char direction, char right) {
        text.append(" [").append((access & 4) != 0 ? direction : '-');
        text.append((access & 2) != 0 ? right : '-');
        text.append((access & 1) != 0 ? "A]" : "-]");
    }

    private void system() {
        int digits = cpu.inLongMode() ? 16 : 8;
        table("GDT=     ", cpu.gdtBase, cpu.gdtLimit, digits);
        table("IDT=     ", cpu.idtBase, cpu.idtLimit, digits);
        named("CR0=", cpu.cr0, 8);
        named(" CR2=", cpu.cr2, digits);
        named(" CR3=", cpu.cr3, digits);
        named(" CR4=", cpu.cr4, 8);
        text.append('\n');
        for (int i = 0; i < 4; i++) {
            named("DR" + i + "=", cpu.dr[i], 16);
            text.append(' ');
        }
        named("\nDR6=", cpu.dr[6], 16);
        named(" DR7=", cpu.dr[7], 16);
        named("\nEFER=", cpu.efer, 16);
        text.append('\n');
    }

    private void table(String name, long base, int limit, int digits) {
        named(name, base, digits);
        named(" ", limit, 8);
        text.append('\n');
    }

    private void named(String name, long value, int digits) {
        text.append(name);
        number(value, digits);
    }

    private void number(long value, int digits) {
        for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
            text.append(Character.forDigit((int) (value >>> shift) & 0xF, 16));
        }
    }
}
