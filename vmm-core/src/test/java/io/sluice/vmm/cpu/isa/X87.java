package io.sluice.vmm.cpu.isa;

import java.nio.ByteBuffer;

/// What the manual leaves open about x87 results.
final class X87 {
    private static final int C0_C2_C3 = 0x4500;
    private static final int C1 = 0x200;
    private static final int PRECISION = 0x20;
    private static final int UNDERFLOW = 0x10;
    private static final int ES_B = 0x8080;
    /// Transcendental results: units in the last place that CPUs may be apart.
    private static final long ULPS = 4;

    private X87() {}

    /// Bits of the status word that are undefined after the instruction.
    static int undefinedStatus(Insn insn) {
        Row row = IsaTable.row(insn.row);
        if (row.map != Row.MAP_1 || (row.opcode & 0xF8) != 0xD8) {
            return 0;
        }
        return switch (insn.op) {
            case FCOM,
                    FCOMP,
                    FCOMPP,
                    FUCOM,
                    FUCOMP,
                    FUCOMPP,
                    FICOM,
                    FICOMP,
                    FTST,
                    FXAM,
                    FPREM,
                    FPREM1,
                    FLDENV,
                    FRSTOR,
                    FNINIT,
                    FNSTENV,
                    FNSAVE,
                    FNSTSW,
                    FNSTCW,
                    FNOP -> 0;
            case FSIN, FCOS, FSINCOS, FPTAN -> C0_C2_C3 & ~0x400 | C1 | PRECISION | UNDERFLOW | ES_B;
            case FPATAN, F2XM1, FYL2X, FYL2XP1 -> C0_C2_C3 | C1 | PRECISION | UNDERFLOW | ES_B;
            default -> C0_C2_C3;
        };
    }

    private static boolean isTranscendental(Insn insn) {
        return switch (insn.op) {
            case FSIN, FCOS, FSINCOS, FPTAN, FPATAN, F2XM1, FYL2X, FYL2XP1 -> true;
            default -> false;
        };
    }

    static boolean isClose(Insn insn, ByteBuffer theirs, ByteBuffer ours, int at) {
        if (!isTranscendental(insn)) {
            return false;
        }
        int exponents = theirs.getShort(at + 8) - ours.getShort(at + 8);
        long a = theirs.getLong(at);
        long b = ours.getLong(at);
        // Across a power of two the larger one's units are twice as big.
        return switch (exponents) {
            case 0 -> Math.abs(a - b) <= ULPS;
            case 1 -> Math.abs(2 * a - b) <= ULPS;
            case -1 -> Math.abs(a - 2 * b) <= ULPS;
            default -> false;
        };
    }
}
