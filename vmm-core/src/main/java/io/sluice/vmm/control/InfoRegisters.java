package io.sluice.vmm.control;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.CpuText;
import io.sluice.vmm.cpu.state.FpuState;
import io.sluice.vmm.cpu.state.Segment;
import io.sluice.vmm.machine.CpuView;
import java.util.OptionalLong;

/// `info registers` in QEMU's layout, and the registers by name for expressions.
final class InfoRegisters {
    private static final String[] SEGMENTS = {"ES", "CS", "SS", "DS", "FS", "GS"};

    private final CpuView cpu;
    private final CpuState state;
    private final boolean a20;

    InfoRegisters(CpuView cpu, boolean a20) {
        this.cpu = cpu;
        this.state = cpu.state();
        this.a20 = a20;
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
        out.print("\nCPU#%d\n", cpu.id()).add(CpuText.of(state, cpu.isShadowed(), a20, cpu.isHalted()));
        fpu(out);
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
        for (int i = 0; i < (codeSize(state) == 64 ? 16 : 8); i++) {
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
