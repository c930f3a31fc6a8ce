package io.sluice.vmm.control;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.FpuState;
import io.sluice.vmm.cpu.state.Segment;
import io.sluice.vmm.machine.CpuView;
import java.util.OptionalLong;

/// `info registers`, in QEMU's layout for 16, 32 and 64 bits, and the registers by name for expressions.
final class InfoRegisters {
    private static final String[] NAMES = {"AX", "CX", "DX", "BX", "SP", "BP", "SI", "DI"};
    /// The order in which the first eight are shown.
    private static final int[] ORDER = {0, 3, 1, 2, 6, 7, 5, 4};

    private static final String[] SEGMENTS = {"ES", "CS", "SS", "DS", "FS", "GS"};
    private static final String[] SYSTEM_TYPES_32 = {
        "Reserved", "TSS16-avl", "LDT", "TSS16-busy", "CallGate16", "TaskGate", "IntGate16", "TrapGate16",
        "Reserved", "TSS32-avl", "Reserved", "TSS32-busy", "CallGate32", "Reserved", "IntGate32", "TrapGate32"
    };
    private static final String[] SYSTEM_TYPES_64 = {
        "<hiword>", "Reserved", "LDT", "Reserved", "Reserved", "Reserved", "Reserved", "Reserved",
        "Reserved", "TSS64-avl", "Reserved", "TSS64-busy", "CallGate64", "Reserved", "IntGate64", "TrapGate64"
    };

    private final CpuView cpu;
    private final CpuState state;
    private final boolean a20;
    private final boolean code64;
    private final boolean longMode;

    InfoRegisters(CpuView cpu, boolean a20) {
        this.cpu = cpu;
        this.state = cpu.state();
        this.a20 = a20;
        this.longMode = state.inLongMode();
        this.code64 = codeSize(state) == 64;
    }

    /// 16, 32 or 64: what the code at the instruction pointer is.
    static int codeSize(CpuState state) {
        var code = state.segments[Insn.CS];
        if (state.inLongMode() && code.isLong()) {
            return 64;
        }
        return state.inProtectedMode() && !state.inVirtual8086Mode() && code.big() ? 32 : 16;
    }

    void print(HumanText out) {
        out.print("\nCPU#%d\n", cpu.id());
        general(out);
        for (int i = 0; i < SEGMENTS.length; i++) {
            segment(out, SEGMENTS[i], state.segments[i]);
        }
        segment(out, "LDT", state.ldtr);
        segment(out, "TR", state.tr);
        control(out);
        for (int i = 0; i < 4; i++) {
            out.print("DR%d=%016x ", i, state.dr[i]);
        }
        out.print("\nDR6=%016x DR7=%016x\n", state.dr[6], state.dr[7]);
        out.print("EFER=%016x\n", state.efer);
        fpu(out);
    }

    private void general(HumanText out) {
        String letter = code64 ? "R" : "E";
        String form = code64 ? "%s%s=%016x%s" : "%s%s=%08x%s";
        for (int i = 0; i < 8; i++) {
            int number = ORDER[i];
            out.print(form, letter, NAMES[number], wide(state.gpr[number]), i % 4 == 3 ? "\n" : " ");
        }
        for (int i = 8; code64 && i < 16; i++) {
            out.print("R%-2d=%016x%s", i, state.gpr[i], i % 4 == 3 ? "\n" : " ");
        }
        out.print(code64 ? "RIP=%016x RFL=%08x" : "EIP=%08x EFL=%08x", wide(state.rip), state.flags());
        out.print(
                " [%s] CPL=%d II=%d A20=%d SMM=0 HLT=%d\n",
                flags(state.flags()), state.cpl, bit(cpu.isShadowed()), bit(a20), bit(cpu.isHalted()));
    }

    private long wide(long value) {
        return code64 ? value : value & 0xFFFF_FFFFL;
    }

    private static int bit(boolean value) {
        return value ? 1 : 0;
    }

    private static String flags(int flags) {
        var text = new StringBuilder();
        letter(text, flags, CpuState.DF, 'D');
        letter(text, flags, CpuState.OF, 'O');
        letter(text, flags, CpuState.SF, 'S');
        letter(text, flags, CpuState.ZF, 'Z');
        letter(text, flags, CpuState.AF, 'A');
        letter(text, flags, CpuState.PF, 'P');
        letter(text, flags, CpuState.CF, 'C');
        return text.toString();
    }

    private static void letter(StringBuilder text, long bits, long mask, char letter) {
        text.append((bits & mask) != 0 ? letter : '-');
    }

    private void segment(HumanText out, String name, Segment segment) {
        long limit = segment.limit & 0xFFFF_FFFFL;
        boolean coarse = (segment.access & 0x8000) != 0;
        // The descriptor's second word without its base: the limit's upper bits lie among the flags.
        int limitBits = (int) (coarse ? limit >>> 28 : limit >>> 16) & 0xF;
        int descriptor = segment.access << 8 & 0x00F0_FF00 | limitBits << 16;
        out.print("%-3s=%04x ", name, segment.selector & 0xFFFF);
        out.print(code64 ? "%016x" : "%08x", wide(segment.base));
        out.print(" %08x %08x", limit, descriptor);
        if (state.inProtectedMode() && segment.present()) {
            out.print(" DPL=%d ", segment.dpl()).add(describe(segment));
        }
        out.add("\n");
    }

    private String describe(Segment segment) {
        int type = segment.type();
        if ((segment.access & 0x10) == 0) {
            return (longMode ? SYSTEM_TYPES_64 : SYSTEM_TYPES_32)[type];
        }
        var text = new StringBuilder();
        if ((type & 8) != 0) {
            text.append(segment.isLong() ? "CS64" : segment.big() ? "CS32" : "CS16")
                    .append(" [");
            letter(text, type, 4, 'C');
            letter(text, type, 2, 'R');
        } else {
            text.append(segment.big() || longMode ? "DS  " : "DS16").append(" [");
            letter(text, type, 4, 'E');
            letter(text, type, 2, 'W');
        }
        letter(text, type, 1, 'A');
        return text.append(']').toString();
    }

    private void control(HumanText out) {
        String address = longMode ? "%016x" : "%08x";
        long mask = longMode ? -1L : 0xFFFF_FFFFL;
        out.print("GDT=     " + address + " %08x\n", state.gdtBase & mask, state.gdtLimit);
        out.print("IDT=     " + address + " %08x\n", state.idtBase & mask, state.idtLimit);
        out.print(
                "CR0=%08x CR2=" + address + " CR3=" + address + " CR4=%08x\n",
                state.cr0 & 0xFFFF_FFFFL,
                state.cr2 & mask,
                state.cr3 & mask,
                state.cr4 & 0xFFFF_FFFFL);
    }

    private void fpu(HumanText out) {
        var fpu = state.fpu;
        out.print(
                "FCW=%04x FSW=%04x [ST=%d] FTW=%02x MXCSR=%08x\n",
                fpu.fcw & 0xFFFF, fpu.fsw & 0xFFFF, fpu.fsw >> 11 & 7, valid(fpu), fpu.mxcsr);
        for (int i = 0; i < 8; i++) {
            out.print(
                    "FPR%d=%016x %04x%s", i, fpu.significand[i], fpu.signExponent[i] & 0xFFFF, i % 2 == 1 ? "\n" : " ");
        }
        for (int i = 0; i < (code64 ? 16 : 8); i++) {
            out.print("XMM%02d=%016x %016x%s", i, fpu.xmm[2 * i + 1], fpu.xmm[2 * i], i % 2 == 1 ? "\n" : " ");
        }
    }

    /// The tag word as FXSAVE has it: one bit a register, 1 if it is not empty.
    private static int valid(FpuState fpu) {
        int bits = 0;
        for (int i = 0; i < 8; i++) {
            if ((fpu.ftw >> 2 * i & 3) != 3) {
                bits |= 1 << i;
            }
        }
        return bits;
    }

    // ---- by name

    /// A register for expressions: QEMU's names, and those of 64 bits.
    static OptionalLong value(CpuState state, String name) {
        for (int i = 0; i < SEGMENTS.length; i++) {
            String segment = SEGMENTS[i].toLowerCase(java.util.Locale.ROOT);
            if (name.startsWith(segment)) {
                return segmentValue(state.segments[i], name.substring(segment.length()));
            }
        }
        return general(state, name);
    }

    private static OptionalLong segmentValue(Segment segment, String part) {
        return switch (part) {
            case "" -> OptionalLong.of(segment.selector & 0xFFFF);
            case ".base" -> OptionalLong.of(segment.base);
            case ".limit" -> OptionalLong.of(segment.limit & 0xFFFF_FFFFL);
            default -> OptionalLong.empty();
        };
    }

    private static OptionalLong general(CpuState state, String name) {
        return switch (name) {
            case "eax", "rax" -> OptionalLong.of(state.gpr[0]);
            case "ecx", "rcx" -> OptionalLong.of(state.gpr[1]);
            case "edx", "rdx" -> OptionalLong.of(state.gpr[2]);
            case "ebx", "rbx" -> OptionalLong.of(state.gpr[3]);
            case "esp", "rsp", "sp" -> OptionalLong.of(state.gpr[4]);
            case "ebp", "rbp", "fp" -> OptionalLong.of(state.gpr[5]);
            case "esi", "rsi" -> OptionalLong.of(state.gpr[6]);
            case "edi", "rdi" -> OptionalLong.of(state.gpr[7]);
            case "r8" -> OptionalLong.of(state.gpr[8]);
            case "r9" -> OptionalLong.of(state.gpr[9]);
            case "r10" -> OptionalLong.of(state.gpr[10]);
            case "r11" -> OptionalLong.of(state.gpr[11]);
            case "r12" -> OptionalLong.of(state.gpr[12]);
            case "r13" -> OptionalLong.of(state.gpr[13]);
            case "r14" -> OptionalLong.of(state.gpr[14]);
            case "r15" -> OptionalLong.of(state.gpr[15]);
            case "eip", "rip" -> OptionalLong.of(state.rip);
            case "pc" -> OptionalLong.of(state.rip + state.segments[Insn.CS].base);
            case "eflags", "rflags" -> OptionalLong.of(state.flags());
            case "cr0" -> OptionalLong.of(state.cr0);
            case "cr2" -> OptionalLong.of(state.cr2);
            case "cr3" -> OptionalLong.of(state.cr3);
            case "cr4" -> OptionalLong.of(state.cr4);
            case "efer" -> OptionalLong.of(state.efer);
            default -> OptionalLong.empty();
        };
    }
}
