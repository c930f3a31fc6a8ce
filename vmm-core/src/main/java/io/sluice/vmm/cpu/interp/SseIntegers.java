package io.sluice.vmm.cpu.interp;

import static io.sluice.vmm.cpu.interp.SseLanes.H16;
import static io.sluice.vmm.cpu.interp.SseLanes.H32;
import static io.sluice.vmm.cpu.interp.SseLanes.H8;

import io.sluice.vmm.cpu.interp.SseHalves.Half;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Operand;
import org.jspecify.annotations.Nullable;

/// Integer operations of SSE that work lane by lane, and the logical ones. What string functions are made of has a
/// class of its own, so that its one call can be inlined; the rest goes through [SseHalves].
final class SseIntegers {
    private SseIntegers() {}

    static @Nullable MicroOp create(Insn insn) {
        if (insn.operands.length < 2 || insn.operand(0).kind() != Operand.Kind.XMM) {
            return null;
        }
        int target = 2 * insn.operand(0).number();
        if (insn.operand(1).kind() == Operand.Kind.IMMEDIATE) {
            return shiftByImmediate(insn, target);
        }
        int source = SseMemory.slot(insn, 1);
        MicroOp op = frequent(insn, target, source);
        if (op == null) {
            op = other(insn, target, source);
        }
        return op == null ? null : SseMemory.withSource(insn, op);
    }

    private static @Nullable MicroOp frequent(Insn insn, int target, int source) {
        return switch (insn.op) {
            case PXOR, XORPS, XORPD -> new Xor(target, source);
            case POR, ORPS, ORPD -> new Or(target, source);
            case PAND, ANDPS, ANDPD -> new And(target, source);
            case PANDN, ANDNPS, ANDNPD -> new AndNot(target, source);
            case PCMPEQB -> new EqualBytes(target, source);
            case PMINUB -> new MinBytes(target, source);
            case PADDB -> new Add(target, source, H8);
            case PADDW -> new Add(target, source, H16);
            case PADDD -> new Add(target, source, H32);
            case PADDQ -> new Add(target, source, 0);
            case PSUBB -> new Sub(target, source, H8);
            case PSUBW -> new Sub(target, source, H16);
            case PSUBD -> new Sub(target, source, H32);
            default -> null;
        };
    }

    private static @Nullable MicroOp other(Insn insn, int target, int source) {
        Half f = SseHalves.lanes(insn.op);
        if (f != null) {
            return new Lanes(target, source, f);
        }
        f = SseHalves.pairs(insn.op);
        if (f != null) {
            return new Pairs(target, source, f);
        }
        f = SseHalves.interleave(insn.op);
        if (f != null) {
            return SseHalves.isHigh(insn.op)
                    ? new InterleaveHigh(target, source, f)
                    : new InterleaveLow(target, source, f);
        }
        f = SseHalves.shift(insn.op);
        return f == null ? null : new Shift(target, source, f);
    }

    private static @Nullable MicroOp shiftByImmediate(Insn insn, int target) {
        Half f = SseHalves.shift(insn.op);
        if (f != null) {
            return new ShiftBy(target, insn.imm & 0xFF, f);
        }
        int bytes = (int) Math.min(insn.imm & 0xFF, 16);
        return switch (insn.op) {
            case PSLLDQ -> new ShiftLeftBytes(target, bytes);
            case PSRLDQ -> new ShiftRightBytes(target, bytes);
            default -> null;
        };
    }

    private static final class Xor extends SseRegisters {
        Xor(int target, int source) {
            super(target, source);
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            x[target] ^= x[source];
            x[target + 1] ^= x[source + 1];
        }
    }

    private static final class Or extends SseRegisters {
        Or(int target, int source) {
            super(target, source);
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            x[target] |= x[source];
            x[target + 1] |= x[source + 1];
        }
    }

    private static final class And extends SseRegisters {
        And(int target, int source) {
            super(target, source);
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            x[target] &= x[source];
            x[target + 1] &= x[source + 1];
        }
    }

    private static final class AndNot extends SseRegisters {
        AndNot(int target, int source) {
            super(target, source);
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            x[target] = ~x[target] & x[source];
            x[target + 1] = ~x[target + 1] & x[source + 1];
        }
    }

    private static final class EqualBytes extends SseRegisters {
        EqualBytes(int target, int source) {
            super(target, source);
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            x[target] = SseLanes.equal(x[target], x[source], H8, 8);
            x[target + 1] = SseLanes.equal(x[target + 1], x[source + 1], H8, 8);
        }
    }

    private static final class MinBytes extends SseRegisters {
        MinBytes(int target, int source) {
            super(target, source);
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            x[target] = min(x[target], x[source]);
            x[target + 1] = min(x[target + 1], x[source + 1]);
        }

        private static long min(long a, long b) {
            return SseLanes.select(SseLanes.below(a, b, H8, 8), a, b);
        }
    }

    /// Lanes by their top bits; none for one lane of 64 bits.
    private static final class Add extends SseRegisters {
        private final long h;

        Add(int target, int source, long h) {
            super(target, source);
            this.h = h;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            x[target] = SseLanes.add(x[target], x[source], h);
            x[target + 1] = SseLanes.add(x[target + 1], x[source + 1], h);
        }
    }

    private static final class Sub extends SseRegisters {
        private final long h;

        Sub(int target, int source, long h) {
            super(target, source);
            this.h = h;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            x[target] = SseLanes.sub(x[target], x[source], h);
            x[target + 1] = SseLanes.sub(x[target + 1], x[source + 1], h);
        }
    }

    private static final class Lanes extends SseRegisters {
        private final Half f;

        Lanes(int target, int source, Half f) {
            super(target, source);
            this.f = f;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            x[target] = f.apply(x[target], x[source]);
            x[target + 1] = f.apply(x[target + 1], x[source + 1]);
        }
    }

    private static final class Pairs extends SseRegisters {
        private final Half f;

        Pairs(int target, int source, Half f) {
            super(target, source);
            this.f = f;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            long high = f.apply(x[source], x[source + 1]);
            x[target] = f.apply(x[target], x[target + 1]);
            x[target + 1] = high;
        }
    }

    private static final class InterleaveLow extends SseRegisters {
        private final Half f;

        InterleaveLow(int target, int source, Half f) {
            super(target, source);
            this.f = f;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            long a = x[target];
            long b = x[source];
            x[target] = f.apply(a, b);
            x[target + 1] = f.apply(a >>> 32, b >>> 32);
        }
    }

    private static final class InterleaveHigh extends SseRegisters {
        private final Half f;

        InterleaveHigh(int target, int source, Half f) {
            super(target, source);
            this.f = f;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            long a = x[target + 1];
            long b = x[source + 1];
            x[target] = f.apply(a, b);
            x[target + 1] = f.apply(a >>> 32, b >>> 32);
        }
    }

    private static final class Shift extends SseRegisters {
        private final Half f;

        Shift(int target, int source, Half f) {
            super(target, source);
            this.f = f;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            long count = x[source];
            x[target] = f.apply(x[target], count);
            x[target + 1] = f.apply(x[target + 1], count);
        }
    }

    private static final class ShiftBy extends SseRegisters {
        private final long count;
        private final Half f;

        ShiftBy(int target, long count, Half f) {
            super(target, target);
            this.count = count;
            this.f = f;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            x[target] = f.apply(x[target], count);
            x[target + 1] = f.apply(x[target + 1], count);
        }
    }

    private static final class ShiftLeftBytes extends SseRegisters {
        private final int bytes;

        ShiftLeftBytes(int target, int bytes) {
            super(target, target);
            this.bytes = bytes;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            long low = x[target];
            long high = x[target + 1];
            x[target] = SseShuffles.extract(low, high, -bytes);
            x[target + 1] = SseShuffles.extract(low, high, 8 - bytes);
        }
    }

    private static final class ShiftRightBytes extends SseRegisters {
        private final int bytes;

        ShiftRightBytes(int target, int bytes) {
            super(target, target);
            this.bytes = bytes;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            long low = x[target];
            long high = x[target + 1];
            x[target] = SseShuffles.extract(low, high, bytes);
            x[target + 1] = SseShuffles.extract(low, high, bytes + 8);
        }
    }
}
