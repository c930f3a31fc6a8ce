package io.sluice.vmm.cpu.isa;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// What the manual leaves open about x87 results.
final class X87 {
    private static final int C0_C2_C3 = 0x4500;
    private static final int C1 = 0x200;
    private static final int C2 = 0x400;
    private static final int INVALID = 1;
    private static final int UNDERFLOW = 0x10;
    private static final int PRECISION = 0x20;
    private static final int ES_B = 0x8080;
    /// Transcendental results: units in the last place that CPUs may be apart.
    private static final long ULPS = 4;

    private X87() {}

    /// Bits of the status word that are undefined after the instruction, or that CPUs are known to treat differently.
    static int undefinedStatus(Insn insn, int hostStatus) {
        boolean invalid = (hostStatus & INVALID) != 0;
        Row row = IsaTable.row(insn.row);
        if (row.map != Row.MAP_1 || (row.opcode & 0xF8) != 0xD8) {
            return 0;
        }
        return switch (insn.op) {
            case FPREM, FPREM1 -> invalid ? C0_C2_C3 | C1 : 0;
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
                    FLDENV,
                    FRSTOR,
                    FNINIT,
                    FNSTENV,
                    FNSAVE,
                    FNSTSW,
                    FNSTCW,
                    FNOP -> 0;
            case FSIN, FCOS, FSINCOS, FPTAN ->
                (invalid ? C0_C2_C3 : C0_C2_C3 & ~C2) | C1 | PRECISION | UNDERFLOW | ES_B;
            case FPATAN, F2XM1, FYL2X, FYL2XP1 -> C0_C2_C3 | C1 | PRECISION | UNDERFLOW | ES_B;
            // C1 says something only after a stack fault; AMD leaves it alone otherwise.
            case FCOMI,
                    FCOMIP,
                    FUCOMI,
                    FUCOMIP,
                    FFREE,
                    FFREEP,
                    FCMOVB,
                    FCMOVE,
                    FCMOVBE,
                    FCMOVU,
                    FCMOVNB,
                    FCMOVNE,
                    FCMOVNBE,
                    FCMOVNU -> C0_C2_C3 | C1;
            // An empty source and a full stack at once: which is the fault?
            case FLD -> insn.operands[0].kind() == Operand.Kind.ST && invalid ? C0_C2_C3 | C1 : C0_C2_C3;
            default -> C0_C2_C3;
        };
    }

    /// FYL2XP1 is defined for ST(0) up to 1 - sqrt(2)/2; from a quarter on it is not compared.
    static boolean isOutOfRange(byte[] fpu) {
        int exponent = ByteBuffer.wrap(fpu).order(ByteOrder.LITTLE_ENDIAN).getShort(40) & 0x7FFF;
        return exponent >= 0x3FFD && exponent != 0x7FFF;
    }

    private static boolean isTranscendental(Insn insn) {
        return switch (insn.op) {
            case FSIN, FCOS, FSINCOS, FPTAN, FPATAN, F2XM1, FYL2X, FYL2XP1 -> true;
            default -> false;
        };
    }

    static boolean isClose(Insn insn, ByteBuffer theirs, ByteBuffer ours, int at) {
        return isTranscendental(insn) && Math.abs(distance(theirs, ours, at)) <= ULPS;
    }

    /// In units of the last place; far apart is `Long.MAX_VALUE`.
    private static long distance(ByteBuffer theirs, ByteBuffer ours, int at) {
        long a = theirs.getLong(at) & Long.MAX_VALUE;
        long b = ours.getLong(at) & Long.MAX_VALUE;
        return switch (theirs.getShort(at + 8) - ours.getShort(at + 8)) {
            case 0 -> a - b;
            case 1 -> a + (Long.MAX_VALUE - b) + 1;
            case -1 -> b + (Long.MAX_VALUE - a) + 1;
            default -> Long.MAX_VALUE;
        };
    }
}
