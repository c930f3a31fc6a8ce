package io.sluice.vmm.cpu.interp;

import static io.sluice.vmm.cpu.interp.SseLanes.H16;
import static io.sluice.vmm.cpu.interp.SseLanes.H32;
import static io.sluice.vmm.cpu.interp.SseLanes.H8;

import io.sluice.vmm.cpu.isa.Op;
import org.jspecify.annotations.Nullable;

/// Which function of two 64-bit halves an operation is. MMX applies it to its registers, SSE to both halves of its own.
final class SseHalves {
    /// Captures nothing.
    @FunctionalInterface
    interface Half {
        long apply(long a, long b);
    }

    private SseHalves() {}

    /// Operations where each half of the result comes from the same half of the operands.
    static @Nullable Half lanes(Op op) {
        return switch (op) {
            case PADDB -> (a, b) -> SseLanes.add(a, b, H8);
            case PADDW -> (a, b) -> SseLanes.add(a, b, H16);
            case PADDD -> (a, b) -> SseLanes.add(a, b, H32);
            case PADDQ -> (a, b) -> a + b;
            case PSUBB -> (a, b) -> SseLanes.sub(a, b, H8);
            case PSUBW -> (a, b) -> SseLanes.sub(a, b, H16);
            case PSUBD -> (a, b) -> SseLanes.sub(a, b, H32);
            case PSUBQ -> (a, b) -> a - b;
            case PADDUSB -> (a, b) -> SseLanes.addUnsignedSaturating(a, b, H8, 8);
            case PADDUSW -> (a, b) -> SseLanes.addUnsignedSaturating(a, b, H16, 16);
            case PSUBUSB -> (a, b) -> SseLanes.subUnsignedSaturating(a, b, H8, 8);
            case PSUBUSW -> (a, b) -> SseLanes.subUnsignedSaturating(a, b, H16, 16);
            case PADDSB -> (a, b) -> SseLanes.addSaturating(a, b, H8, 8);
            case PADDSW -> (a, b) -> SseLanes.addSaturating(a, b, H16, 16);
            case PSUBSB -> (a, b) -> SseLanes.subSaturating(a, b, H8, 8);
            case PSUBSW -> (a, b) -> SseLanes.subSaturating(a, b, H16, 16);
            case PAND, ANDPS, ANDPD -> (a, b) -> a & b;
            case PANDN, ANDNPS, ANDNPD -> (a, b) -> ~a & b;
            case POR, ORPS, ORPD -> (a, b) -> a | b;
            case PXOR, XORPS, XORPD -> (a, b) -> a ^ b;
            case PCMPEQB -> (a, b) -> SseLanes.equal(a, b, H8, 8);
            case PCMPEQW -> (a, b) -> SseLanes.equal(a, b, H16, 16);
            case PCMPEQD -> (a, b) -> SseLanes.equal(a, b, H32, 32);
            case PCMPEQQ -> (a, b) -> a == b ? -1 : 0;
            case PCMPGTB -> (a, b) -> SseLanes.less(b, a, H8, 8);
            case PCMPGTW -> (a, b) -> SseLanes.less(b, a, H16, 16);
            case PCMPGTD -> (a, b) -> SseLanes.less(b, a, H32, 32);
            case PCMPGTQ -> (a, b) -> a > b ? -1 : 0;
            case PAVGB -> (a, b) -> SseLanes.average(a, b, H8);
            case PAVGW -> (a, b) -> SseLanes.average(a, b, H16);
            default -> multiplication(op);
        };
    }

    private static @Nullable Half multiplication(Op op) {
        return switch (op) {
            case PMULLW -> SseLanes::mulLowWords;
            case PMULHW -> SseLanes::mulHighWords;
            case PMULHUW -> SseLanes::mulHighUnsignedWords;
            case PMULHRSW -> SseLanes::mulRoundedWords;
            case PMADDWD -> SseLanes::mulAddWords;
            case PMADDUBSW -> SseLanes::mulAddBytes;
            case PSADBW -> SseLanes::sumOfDifferences;
            case PMULUDQ -> (a, b) -> (a & 0xFFFF_FFFFL) * (b & 0xFFFF_FFFFL);
            case PMULDQ -> (a, b) -> (long) (int) a * (int) b;
            case PMULLD -> SseLanes::mulLowDwords;
            case PABSB -> (a, b) -> SseLanes.absolute(b, H8, 8);
            case PABSW -> (a, b) -> SseLanes.absolute(b, H16, 16);
            case PABSD -> (a, b) -> SseLanes.absolute(b, H32, 32);
            case PSIGNB -> (a, b) -> SseLanes.sign(a, b, H8, 8);
            case PSIGNW -> (a, b) -> SseLanes.sign(a, b, H16, 16);
            case PSIGND -> (a, b) -> SseLanes.sign(a, b, H32, 32);
            default -> extremum(op);
        };
    }

    private static @Nullable Half extremum(Op op) {
        return switch (op) {
            case PMINUB -> (a, b) -> SseLanes.select(SseLanes.below(a, b, H8, 8), a, b);
            case PMINUW -> (a, b) -> SseLanes.select(SseLanes.below(a, b, H16, 16), a, b);
            case PMINUD -> (a, b) -> SseLanes.select(SseLanes.below(a, b, H32, 32), a, b);
            case PMAXUB -> (a, b) -> SseLanes.select(SseLanes.below(a, b, H8, 8), b, a);
            case PMAXUW -> (a, b) -> SseLanes.select(SseLanes.below(a, b, H16, 16), b, a);
            case PMAXUD -> (a, b) -> SseLanes.select(SseLanes.below(a, b, H32, 32), b, a);
            case PMINSB -> (a, b) -> SseLanes.select(SseLanes.less(a, b, H8, 8), a, b);
            case PMINSW -> (a, b) -> SseLanes.select(SseLanes.less(a, b, H16, 16), a, b);
            case PMINSD -> (a, b) -> SseLanes.select(SseLanes.less(a, b, H32, 32), a, b);
            case PMAXSB -> (a, b) -> SseLanes.select(SseLanes.less(a, b, H8, 8), b, a);
            case PMAXSW -> (a, b) -> SseLanes.select(SseLanes.less(a, b, H16, 16), b, a);
            case PMAXSD -> (a, b) -> SseLanes.select(SseLanes.less(a, b, H32, 32), b, a);
            default -> null;
        };
    }

    /// Operations whose result has its lower half from the first operand, its upper half from the second.
    static @Nullable Half pairs(Op op) {
        return switch (op) {
            case PACKSSWB -> SseLanes::packSignedWords;
            case PACKUSWB -> SseLanes::packUnsignedWords;
            case PACKSSDW -> SseLanes::packSignedDwords;
            case PACKUSDW -> SseLanes::packUnsignedDwords;
            case PHADDW -> SseLanes::addPairsOfWords;
            case PHADDSW -> SseLanes::addPairsOfWordsSaturating;
            case PHADDD -> SseLanes::addPairsOfDwords;
            case PHSUBW -> SseLanes::subPairsOfWords;
            case PHSUBSW -> SseLanes::subPairsOfWordsSaturating;
            case PHSUBD -> SseLanes::subPairsOfDwords;
            default -> null;
        };
    }

    /// Interleaving of the lower halves of two halves.
    static @Nullable Half interleave(Op op) {
        return switch (op) {
            case PUNPCKLBW, PUNPCKHBW -> SseLanes::interleaveBytes;
            case PUNPCKLWD, PUNPCKHWD -> SseLanes::interleaveWords;
            case PUNPCKLDQ, PUNPCKHDQ, UNPCKLPS, UNPCKHPS -> SseLanes::interleaveDwords;
            default -> null;
        };
    }

    /// It interleaves the upper halves.
    static boolean isHigh(Op op) {
        return switch (op) {
            case PUNPCKHBW, PUNPCKHWD, PUNPCKHDQ, UNPCKHPS -> true;
            default -> false;
        };
    }

    /// Shifts of every lane by one count.
    static @Nullable Half shift(Op op) {
        return switch (op) {
            case PSLLW -> SseLanes::shiftLeftWords;
            case PSRLW -> SseLanes::shiftRightWords;
            case PSRAW -> SseLanes::shiftArithmeticWords;
            case PSLLD -> SseLanes::shiftLeftDwords;
            case PSRLD -> SseLanes::shiftRightDwords;
            case PSRAD -> SseLanes::shiftArithmeticDwords;
            case PSLLQ -> SseLanes::shiftLeftQword;
            case PSRLQ -> SseLanes::shiftRightQword;
            default -> null;
        };
    }
}
