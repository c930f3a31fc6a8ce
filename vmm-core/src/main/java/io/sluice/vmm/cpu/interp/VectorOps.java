package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.isa.Operand;
import org.jspecify.annotations.Nullable;

/// Integer and logic instructions of MMX and SSE that work on each 64-bit half alone: `target = f(target, source)`.
final class VectorOps {
    /// One half of the result.
    interface Half {
        long apply(long a, long b);
    }

    private VectorOps() {}

    static @Nullable MicroOp create(Insn insn) {
        if (isShift(insn.op)) {
            return shift(insn);
        }
        var half = half(insn.op);
        if (half == null) {
            return null;
        }
        var target = insn.operand(0);
        if (target.kind() == Operand.Kind.MMX) {
            return new MmxHalf(target.number(), Simd.Source.of(insn, 1, false), half);
        }
        return new XmmHalves(target.number(), Simd.Source.of(insn, 1, true), half);
    }

    private static final class XmmHalves extends MicroOp {
        private final int at;
        private final Simd.Source source;
        private final Half half;

        XmmHalves(int number, Simd.Source source, Half half) {
            this.at = 2 * number;
            this.source = source;
            this.half = half;
        }

        @Override
        public void run(Core core) {
            Simd.checkSse(core);
            source.load(core);
            long[] xmm = core.state.fpu.xmm;
            xmm[at] = half.apply(xmm[at], core.low);
            xmm[at + 1] = half.apply(xmm[at + 1], core.high);
        }
    }

    private static final class MmxHalf extends MicroOp {
        private final int number;
        private final Simd.Source source;
        private final Half half;

        MmxHalf(int number, Simd.Source source, Half half) {
            this.number = number;
            this.source = source;
            this.half = half;
        }

        @Override
        public void run(Core core) {
            Simd.checkMmx(core);
            source.load(core);
            Simd.enterMmx(core);
            Simd.setMmx(core, number, half.apply(core.state.fpu.significand[number], core.low));
        }
    }

    private static @Nullable Half half(Op op) {
        return switch (op) {
            case PAND, ANDPS, ANDPD -> (a, b) -> a & b;
            case PANDN, ANDNPS, ANDNPD -> (a, b) -> ~a & b;
            case POR, ORPS, ORPD -> (a, b) -> a | b;
            case PXOR, XORPS, XORPD -> (a, b) -> a ^ b;
            case PADDB -> Lanes::addB;
            case PADDW -> Lanes::addW;
            case PADDD -> Lanes::addD;
            case PADDQ -> (a, b) -> a + b;
            case PSUBB -> Lanes::subB;
            case PSUBW -> Lanes::subW;
            case PSUBD -> Lanes::subD;
            case PSUBQ -> (a, b) -> a - b;
            case PADDSB -> (a, b) -> Lanes.signed(8, a, b, (x, y) -> Lanes.saturate(x + y, -128, 127));
            case PADDSW -> (a, b) -> Lanes.signed(16, a, b, (x, y) -> Lanes.saturate(x + y, -32768, 32767));
            case PADDUSB -> (a, b) -> Lanes.unsigned(8, a, b, (x, y) -> Math.min(x + y, 255));
            case PADDUSW -> (a, b) -> Lanes.unsigned(16, a, b, (x, y) -> Math.min(x + y, 65535));
            case PSUBSB -> (a, b) -> Lanes.signed(8, a, b, (x, y) -> Lanes.saturate(x - y, -128, 127));
            case PSUBSW -> (a, b) -> Lanes.signed(16, a, b, (x, y) -> Lanes.saturate(x - y, -32768, 32767));
            case PSUBUSB -> (a, b) -> Lanes.unsigned(8, a, b, (x, y) -> Math.max(x - y, 0));
            case PSUBUSW -> (a, b) -> Lanes.unsigned(16, a, b, (x, y) -> Math.max(x - y, 0));
            case PCMPEQB -> Lanes::equalB;
            case PCMPEQW -> Lanes::equalW;
            case PCMPEQD -> Lanes::equalD;
            case PCMPEQQ -> (a, b) -> a == b ? -1 : 0;
            case PCMPGTB -> Lanes::greaterB;
            case PCMPGTW -> (a, b) -> Lanes.signed(16, a, b, (x, y) -> x > y ? -1 : 0);
            case PCMPGTD -> (a, b) -> Lanes.signed(32, a, b, (x, y) -> x > y ? -1 : 0);
            case PCMPGTQ -> (a, b) -> a > b ? -1 : 0;
            case PMINUB -> Lanes::minUB;
            case PMAXUB -> Lanes::maxUB;
            case PMINSB -> (a, b) -> Lanes.signed(8, a, b, Math::min);
            case PMAXSB -> (a, b) -> Lanes.signed(8, a, b, Math::max);
            case PMINSW -> (a, b) -> Lanes.signed(16, a, b, Math::min);
            case PMAXSW -> (a, b) -> Lanes.signed(16, a, b, Math::max);
            case PMINUW -> (a, b) -> Lanes.unsigned(16, a, b, Math::min);
            case PMAXUW -> (a, b) -> Lanes.unsigned(16, a, b, Math::max);
            case PMINSD -> (a, b) -> Lanes.signed(32, a, b, Math::min);
            case PMAXSD -> (a, b) -> Lanes.signed(32, a, b, Math::max);
            case PMINUD -> (a, b) -> Lanes.unsigned(32, a, b, Math::min);
            case PMAXUD -> (a, b) -> Lanes.unsigned(32, a, b, Math::max);
            case PAVGB -> (a, b) -> Lanes.unsigned(8, a, b, (x, y) -> x + y + 1 >> 1);
            case PAVGW -> (a, b) -> Lanes.unsigned(16, a, b, (x, y) -> x + y + 1 >> 1);
            case PMULLW -> (a, b) -> Lanes.signed(16, a, b, (x, y) -> x * y);
            case PMULLD -> (a, b) -> Lanes.signed(32, a, b, (x, y) -> x * y);
            case PMULHW -> (a, b) -> Lanes.signed(16, a, b, (x, y) -> x * y >> 16);
            case PMULHUW -> (a, b) -> Lanes.unsigned(16, a, b, (x, y) -> x * y >> 16);
            case PMULHRSW -> (a, b) -> Lanes.signed(16, a, b, (x, y) -> (x * y >> 14) + 1 >> 1);
            case PMULUDQ -> (a, b) -> (a & 0xFFFF_FFFFL) * (b & 0xFFFF_FFFFL);
            case PMULDQ -> (a, b) -> (int) a * (long) (int) b;
            case PMADDWD -> Lanes::multiplyAdd;
            case PMADDUBSW -> Lanes::multiplyAddBytes;
            case PSADBW -> Lanes::sumOfDifferences;
            case PSIGNB -> (a, b) -> Lanes.signed(8, a, b, (x, y) -> x * Long.signum(y));
            case PSIGNW -> (a, b) -> Lanes.signed(16, a, b, (x, y) -> x * Long.signum(y));
            case PSIGND -> (a, b) -> Lanes.signed(32, a, b, (x, y) -> x * Long.signum(y));
            case PABSB -> (a, b) -> Lanes.signed(8, a, b, (x, y) -> Math.abs(y));
            case PABSW -> (a, b) -> Lanes.signed(16, a, b, (x, y) -> Math.abs(y));
            case PABSD -> (a, b) -> Lanes.signed(32, a, b, (x, y) -> Math.abs(y));
            default -> null;
        };
    }

    // ---- shifts of lanes by one count

    private static boolean isShift(Op op) {
        return switch (op) {
            case PSLLW, PSLLD, PSLLQ, PSRLW, PSRLD, PSRLQ, PSRAW, PSRAD -> true;
            default -> false;
        };
    }

    private static MicroOp shift(Insn insn) {
        int bits = switch (insn.op) {
            case PSLLW, PSRLW, PSRAW -> 16;
            case PSLLD, PSRLD, PSRAD -> 32;
            default -> 64;
        };
        char kind = switch (insn.op) {
            case PSLLW, PSLLD, PSLLQ -> 'l';
            case PSRAW, PSRAD -> 'a';
            default -> 'r';
        };
        boolean immediate = insn.operand(1).kind() == Operand.Kind.IMMEDIATE;
        long fixed = insn.imm & 0xFF;
        var source = immediate ? null : Simd.Source.of(insn, 1, true);
        int number = insn.operand(0).number();
        if (insn.operand(0).kind() == Operand.Kind.MMX) {
            return Cold.of(core -> {
                Simd.checkMmx(core);
                long count = count(core, source, fixed);
                Simd.enterMmx(core);
                Simd.setMmx(core, number, Lanes.shift(bits, core.state.fpu.significand[number], count, kind));
            });
        }
        return Cold.of(core -> {
            Simd.checkSse(core);
            long count = count(core, source, fixed);
            long[] xmm = core.state.fpu.xmm;
            xmm[2 * number] = Lanes.shift(bits, xmm[2 * number], count, kind);
            xmm[2 * number + 1] = Lanes.shift(bits, xmm[2 * number + 1], count, kind);
        });
    }

    /// The low 64 bits of the source count.
    private static long count(Core core, Simd.@Nullable Source source, long fixed) {
        if (source == null) {
            return fixed;
        }
        source.load(core);
        return core.low;
    }
}
