package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.fp.Float32;
import io.sluice.vmm.cpu.fp.Float64;
import io.sluice.vmm.cpu.fp.FpContext;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import org.jspecify.annotations.Nullable;

/// Floating-point arithmetic of SSE, packed and scalar. A result is written only when its exceptions have been settled.
final class SseArithmetic {
    /// Captures nothing.
    @FunctionalInterface
    interface Doubles {
        long apply(FpContext c, long a, long b);
    }

    /// Captures nothing.
    @FunctionalInterface
    interface Singles {
        int apply(FpContext c, int a, int b);
    }

    private SseArithmetic() {}

    static @Nullable MicroOp create(Insn insn) {
        if (insn.operands.length < 2) {
            return null;
        }
        int t = 2 * insn.operand(0).number();
        int s = SseMemory.slot(insn, 1);
        MicroOp op = switch (insn.op) {
            case ADDSD -> new AddSd(t, s);
            case SUBSD -> new SubSd(t, s);
            case MULSD -> new MulSd(t, s);
            case DIVSD -> new DivSd(t, s);
            case SQRTSD, MINSD, MAXSD -> new ScalarDouble(t, s, doubles(insn.op));
            case ADDPD, SUBPD, MULPD, DIVPD, SQRTPD, MINPD, MAXPD -> new PackedDouble(t, s, doubles(insn.op));
            case ADDSS, SUBSS, MULSS, DIVSS, SQRTSS, MINSS, MAXSS, RCPSS, RSQRTSS ->
                new ScalarSingle(t, s, singles(insn.op));
            case ADDPS, SUBPS, MULPS, DIVPS, SQRTPS, MINPS, MAXPS, RCPPS, RSQRTPS ->
                new PackedSingle(t, s, singles(insn.op));
            default -> special(insn, t, s);
        };
        return op == null ? null : SseMemory.withSource(insn, op);
    }

    private static @Nullable MicroOp special(Insn insn, int t, int s) {
        int imm = (int) insn.imm & 0xFF;
        return switch (insn.op) {
            case CMPSD_XMM -> new ScalarDouble(t, s, compareDoubles(imm & 7));
            case CMPPD -> new PackedDouble(t, s, compareDoubles(imm & 7));
            case CMPSS -> new ScalarSingle(t, s, compareSingles(imm & 7));
            case CMPPS -> new PackedSingle(t, s, compareSingles(imm & 7));
            case ROUNDSD -> new ScalarDouble(t, s, roundDoubles(imm));
            case ROUNDPD -> new PackedDouble(t, s, roundDoubles(imm));
            case ROUNDSS -> new ScalarSingle(t, s, roundSingles(imm));
            case ROUNDPS -> new PackedSingle(t, s, roundSingles(imm));
            case HADDPD, HSUBPD, ADDSUBPD -> new CrossDouble(t, s, insn.op);
            case HADDPS, HSUBPS, ADDSUBPS -> new CrossSingle(t, s, insn.op);
            case DPPD -> new DotDouble(t, s, imm);
            case DPPS -> new DotSingle(t, s, imm);
            default -> null;
        };
    }

    private static Doubles doubles(Op op) {
        return switch (op) {
            case ADDPD -> Float64::add;
            case SUBPD -> Float64::sub;
            case MULPD -> Float64::mul;
            case DIVPD -> Float64::div;
            case MINPD, MINSD -> Float64::min;
            case MAXPD, MAXSD -> Float64::max;
            case SQRTPD, SQRTSD -> (c, a, b) -> Float64.sqrt(c, b);
            default -> throw new IllegalStateException("not an operation on doubles: " + op);
        };
    }

    private static Singles singles(Op op) {
        return switch (op) {
            case ADDPS, ADDSS -> Float32::add;
            case SUBPS, SUBSS -> Float32::sub;
            case MULPS, MULSS -> Float32::mul;
            case DIVPS, DIVSS -> Float32::div;
            case MINPS, MINSS -> Float32::min;
            case MAXPS, MAXSS -> Float32::max;
            case SQRTPS, SQRTSS -> (c, a, b) -> Float32.sqrt(c, b);
            case RCPPS, RCPSS -> (c, a, b) -> Float32.reciprocal(b);
            case RSQRTPS, RSQRTSS -> (c, a, b) -> Float32.reciprocalSquareRoot(b);
            default -> throw new IllegalStateException("not an operation on floats: " + op);
        };
    }

    /// Whether an order (-1, 0, 1, 2 for unordered) satisfies a CMPxx predicate: bit `order + 1`.
    private static final int[] PREDICATES = {0b0010, 0b0001, 0b0011, 0b1000, 0b1101, 0b1110, 0b1100, 0b0111};

    /// LT, LE, NLT and NLE signal a quiet NaN.
    private static boolean signals(int predicate) {
        return (predicate & 3) == 1 || (predicate & 3) == 2;
    }

    private static Doubles compareDoubles(int predicate) {
        return (c, a, b) -> -(PREDICATES[predicate] >> Float64.compare(c, a, b, signals(predicate)) + 1 & 1);
    }

    private static Singles compareSingles(int predicate) {
        return (c, a, b) -> -(PREDICATES[predicate] >> Float32.compare(c, a, b, signals(predicate)) + 1 & 1);
    }

    private static Doubles roundDoubles(int imm) {
        return (c, a, b) -> Float64.round(c, b, mode(c, imm), (imm & 8) != 0);
    }

    private static Singles roundSingles(int imm) {
        return (c, a, b) -> Float32.round(c, b, mode(c, imm), (imm & 8) != 0);
    }

    private static int mode(FpContext c, int imm) {
        return (imm & 4) != 0 ? c.rounding : imm & 3;
    }

    private static final class AddSd extends SseRegisters {
        AddSd(int target, int source) {
            super(target, source);
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            long[] x = core.state.fpu.xmm;
            long r = Float64.add(c, x[target], x[source]);
            SseControl.end(core, c);
            x[target] = r;
        }
    }

    private static final class SubSd extends SseRegisters {
        SubSd(int target, int source) {
            super(target, source);
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            long[] x = core.state.fpu.xmm;
            long r = Float64.sub(c, x[target], x[source]);
            SseControl.end(core, c);
            x[target] = r;
        }
    }

    private static final class MulSd extends SseRegisters {
        MulSd(int target, int source) {
            super(target, source);
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            long[] x = core.state.fpu.xmm;
            long r = Float64.mul(c, x[target], x[source]);
            SseControl.end(core, c);
            x[target] = r;
        }
    }

    private static final class DivSd extends SseRegisters {
        DivSd(int target, int source) {
            super(target, source);
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            long[] x = core.state.fpu.xmm;
            long r = Float64.div(c, x[target], x[source]);
            SseControl.end(core, c);
            x[target] = r;
        }
    }

    private static final class ScalarDouble extends SseRegisters {
        private final Doubles f;

        ScalarDouble(int target, int source, Doubles f) {
            super(target, source);
            this.f = f;
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            long[] x = core.state.fpu.xmm;
            long r = f.apply(c, x[target], x[source]);
            SseControl.end(core, c);
            x[target] = r;
        }
    }

    private static final class PackedDouble extends SseRegisters {
        private final Doubles f;

        PackedDouble(int target, int source, Doubles f) {
            super(target, source);
            this.f = f;
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            long[] x = core.state.fpu.xmm;
            long low = f.apply(c, x[target], x[source]);
            long high = f.apply(c, x[target + 1], x[source + 1]);
            SseControl.end(core, c);
            x[target] = low;
            x[target + 1] = high;
        }
    }

    private static final class ScalarSingle extends SseRegisters {
        private final Singles f;

        ScalarSingle(int target, int source, Singles f) {
            super(target, source);
            this.f = f;
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            long[] x = core.state.fpu.xmm;
            int r = f.apply(c, (int) x[target], (int) x[source]);
            SseControl.end(core, c);
            x[target] = x[target] & ~0xFFFF_FFFFL | r & 0xFFFF_FFFFL;
        }
    }

    private static final class PackedSingle extends SseRegisters {
        private final Singles f;

        PackedSingle(int target, int source, Singles f) {
            super(target, source);
            this.f = f;
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            long[] x = core.state.fpu.xmm;
            long low = both(c, x[target], x[source]);
            long high = both(c, x[target + 1], x[source + 1]);
            SseControl.end(core, c);
            x[target] = low;
            x[target + 1] = high;
        }

        private long both(FpContext c, long a, long b) {
            int low = f.apply(c, (int) a, (int) b);
            return SseLanes.dwords(low, f.apply(c, SseLanes.high(a), SseLanes.high(b)));
        }
    }

    /// Horizontal and alternating operations on doubles.
    private static final class CrossDouble extends SseRegisters {
        private final Op op;

        CrossDouble(int target, int source, Op op) {
            super(target, source);
            this.op = op;
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            long[] x = core.state.fpu.xmm;
            long a = x[target];
            long b = x[target + 1];
            long d = x[source];
            long e = x[source + 1];
            boolean alternating = op == Op.ADDSUBPD;
            long low = op == Op.HADDPD ? Float64.add(c, a, b) : Float64.sub(c, a, alternating ? d : b);
            long high = op == Op.HSUBPD ? Float64.sub(c, d, e) : Float64.add(c, alternating ? b : d, e);
            SseControl.end(core, c);
            x[target] = low;
            x[target + 1] = high;
        }
    }

    private static final class CrossSingle extends SseRegisters {
        private final Op op;

        CrossSingle(int target, int source, Op op) {
            super(target, source);
            this.op = op;
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            long[] x = core.state.fpu.xmm;
            long low;
            long high;
            if (op == Op.ADDSUBPS) {
                low = alternate(c, x[target], x[source]);
                high = alternate(c, x[target + 1], x[source + 1]);
            } else {
                low = SseLanes.dwords(pair(c, x[target]), pair(c, x[target + 1]));
                high = SseLanes.dwords(pair(c, x[source]), pair(c, x[source + 1]));
            }
            SseControl.end(core, c);
            x[target] = low;
            x[target + 1] = high;
        }

        private static long alternate(FpContext c, long a, long b) {
            return SseLanes.dwords(
                    Float32.sub(c, (int) a, (int) b), Float32.add(c, SseLanes.high(a), SseLanes.high(b)));
        }

        private int pair(FpContext c, long a) {
            return op == Op.HADDPS
                    ? Float32.add(c, (int) a, SseLanes.high(a))
                    : Float32.sub(c, (int) a, SseLanes.high(a));
        }
    }

    /// DPPD: products, then their sum, each rounded; an unmasked exception of the products stops before the sum.
    private static final class DotDouble extends SseRegisters {
        private final int imm;

        DotDouble(int target, int source, int imm) {
            super(target, source);
            this.imm = imm;
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            long[] x = core.state.fpu.xmm;
            long low = (imm & 0x10) != 0 ? Float64.mul(c, x[target], x[source]) : 0;
            long high = (imm & 0x20) != 0 ? Float64.mul(c, x[target + 1], x[source + 1]) : 0;
            SseControl.end(core, c);
            long sum = Float64.add(c, low, high);
            SseControl.end(core, c);
            x[target] = (imm & 1) != 0 ? sum : 0;
            x[target + 1] = (imm & 2) != 0 ? sum : 0;
        }
    }

    private static final class DotSingle extends SseRegisters {
        private final int imm;

        DotSingle(int target, int source, int imm) {
            super(target, source);
            this.imm = imm;
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            long[] x = core.state.fpu.xmm;
            int p0 = product(c, x, 0);
            int p1 = product(c, x, 1);
            int p2 = product(c, x, 2);
            int p3 = product(c, x, 3);
            SseControl.end(core, c);
            int low = Float32.add(c, p0, p1);
            int high = Float32.add(c, p2, p3);
            SseControl.end(core, c);
            int sum = Float32.add(c, low, high);
            SseControl.end(core, c);
            x[target] = SseLanes.dwords((imm & 1) != 0 ? sum : 0, (imm & 2) != 0 ? sum : 0);
            x[target + 1] = SseLanes.dwords((imm & 4) != 0 ? sum : 0, (imm & 8) != 0 ? sum : 0);
        }

        private int product(FpContext c, long[] x, int i) {
            return (imm >> 4 + i & 1) != 0
                    ? Float32.mul(c, SseShuffles.dword(x, target, i), SseShuffles.dword(x, source, i))
                    : 0;
        }
    }
}
