package io.sluice.vmm.cpu.isa;

import org.jspecify.annotations.Nullable;

/// Rows, and single encodings, that say nothing when they are run on this host in user mode, and why.
final class Incomparable {
    private final HostFacts host;

    Incomparable(HostFacts host) {
        this.host = host;
    }

    /// Why the row as a whole is not compared; null if it is.
    @Nullable
    String reason(Row row, int mode) {
        if (!host.has(row.feature)) {
            return "the host's CPU has no " + row.feature;
        }
        return switch (row.op) {
            case SYSCALL, SYSENTER -> "calls the host's kernel";
            case SYSEXIT -> host.isIntel() ? null : "AMD has it #UD in long mode";
            case CPUID, RDTSC, RDTSCP, RDPMC, RDPID, XGETBV -> "its result is the host's own";
            case RDRAND, RDSEED -> "its result is random";
            case SGDT, SIDT, SLDT, STR, SMSW -> "the host's kernel emulates it (UMIP)";
            case SYSRET -> host.isIntel() || mode == 64 ? null : "AMD has it outside 64-bit mode";
            case INT1 -> "a hypervisor below the host may report it as a fault";
            case MONITOR, MWAIT -> "the host's kernel decides whether user mode has it";
            default -> null;
        };
    }

    /// Encodings whose meaning differs between makers of CPUs, or that leave the harness.
    boolean skips(Insn insn, byte[] code) {
        boolean has66 = false;
        for (byte b : code) {
            has66 |= b == 0x66;
        }
        return switch (insn.op) {
            case INT -> insn.imm == 0x80;
            // AMD honours 66 before near branches in 64-bit mode, Intel does not.
            case CALL, JMP, RET, LOOP, JCXZ -> insn.mode == 64 && has66 && !host.isIntel();
            // There F2 and F3 also decide which value of ZF ends these two.
            case LOOPE, LOOPNE -> (insn.mode == 64 && has66 || insn.rep != 0) && !host.isIntel();
            // AMD has no 64-bit offsets in far pointers.
            case LSS, LFS, LGS, JMP_FAR -> insn.operandSize == 8 && !host.isIntel();
            // Nor is it said how wide the stack pointer is when CALL leaves 64-bit mode: it must stay in the window.
            case CALL_FAR -> insn.operandSize == 8 && !host.isIntel() || insn.base == 4;
            // AMD reads 32 bits.
            case MOVSXD -> insn.operandSize == 2 && !host.isIntel();
            // RAX says which components: those that only the host has must not be among them.
            case XSAVE, XSAVEC, XSAVEOPT, XRSTOR -> insn.base == 0 || insn.index == 0;
            // Intel reads F3 90 as PAUSE even with a REX.B between.
            case XCHG -> insn.rep != 0 && host.isIntel();
            // AMD goes over to MMX only for an MMX source.
            case CVTPI2PS -> insn.operands[1].kind() == Operand.Kind.MEMORY && !host.isIntel();
            // Which operand is read first is not said, and 16-bit addresses cannot be aimed.
            case CMPS -> insn.addressSize == 2;
            // Whether it asks if it may write before it knows that it has to is not said.
            case ARPL -> insn.segment == Insn.CS;
            default -> insn.mode == 64 && has66 && !host.isIntel() && insn.op.condition() >= 0 && isBranch(insn);
        };
    }

    private static boolean isBranch(Insn insn) {
        return insn.operands.length > 0 && insn.operands[0].kind() == Operand.Kind.RELATIVE;
    }
}
