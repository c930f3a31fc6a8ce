package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.state.CpuState;

/// The two-operand arithmetic and logic operations: result and flags. Operands are zero-extended; of the result only
/// the operation's size counts. For 32 and 64 bits each is a class of its own, for the hot forms to call.
abstract class Alu {
    /// Computes and sets the flags.
    abstract long apply(CpuState s, long a, long b);

    static Alu of(Op op, int size) {
        return switch (op) {
            case ADD -> size == 8 ? new Add64() : size == 4 ? new Add32() : new AddNarrow(size);
            case ADC -> size == 8 ? new Adc64() : size == 4 ? new Adc32() : new AdcNarrow(size);
            case SUB, CMP -> size == 8 ? new Sub64() : size == 4 ? new Sub32() : new SubNarrow(size);
            case SBB -> size == 8 ? new Sbb64() : size == 4 ? new Sbb32() : new SbbNarrow(size);
            case AND, TEST -> size == 8 ? new And64() : size == 4 ? new And32() : new AndNarrow(size);
            case OR -> size == 8 ? new Or64() : size == 4 ? new Or32() : new OrNarrow(size);
            case XOR -> size == 8 ? new Xor64() : size == 4 ? new Xor32() : new XorNarrow(size);
            default -> throw new IllegalStateException("not an ALU operation: " + op);
        };
    }

    private static final class Add64 extends Alu {
        @Override
        long apply(CpuState s, long a, long b) {
            long r = a + b;
            Flags.add64(s, a, b, r);
            return r;
        }
    }

    private static final class Add32 extends Alu {
        @Override
        long apply(CpuState s, long a, long b) {
            int r = (int) a + (int) b;
            Flags.add32(s, (int) a, (int) b, r);
            return r;
        }
    }

    private static final class Adc64 extends Alu {
        @Override
        long apply(CpuState s, long a, long b) {
            long r = a + b + (s.lazyAux >>> 63);
            Flags.add64(s, a, b, r);
            return r;
        }
    }

    private static final class Adc32 extends Alu {
        @Override
        long apply(CpuState s, long a, long b) {
            int r = (int) a + (int) b + (int) (s.lazyAux >>> 63);
            Flags.add32(s, (int) a, (int) b, r);
            return r;
        }
    }

    private static final class Sub64 extends Alu {
        @Override
        long apply(CpuState s, long a, long b) {
            long r = a - b;
            Flags.sub64(s, a, b, r);
            return r;
        }
    }

    private static final class Sub32 extends Alu {
        @Override
        long apply(CpuState s, long a, long b) {
            int r = (int) a - (int) b;
            Flags.sub32(s, (int) a, (int) b, r);
            return r;
        }
    }

    private static final class Sbb64 extends Alu {
        @Override
        long apply(CpuState s, long a, long b) {
            long r = a - b - (s.lazyAux >>> 63);
            Flags.sub64(s, a, b, r);
            return r;
        }
    }

    private static final class Sbb32 extends Alu {
        @Override
        long apply(CpuState s, long a, long b) {
            int r = (int) a - (int) b - (int) (s.lazyAux >>> 63);
            Flags.sub32(s, (int) a, (int) b, r);
            return r;
        }
    }

    private static final class And64 extends Alu {
        @Override
        long apply(CpuState s, long a, long b) {
            long r = a & b;
            s.lazyResult = r;
            s.lazyAux = 0;
            return r;
        }
    }

    private static final class And32 extends Alu {
        @Override
        long apply(CpuState s, long a, long b) {
            int r = (int) (a & b);
            s.lazyResult = r;
            s.lazyAux = 0;
            return r;
        }
    }

    private static final class Or64 extends Alu {
        @Override
        long apply(CpuState s, long a, long b) {
            long r = a | b;
            s.lazyResult = r;
            s.lazyAux = 0;
            return r;
        }
    }

    private static final class Or32 extends Alu {
        @Override
        long apply(CpuState s, long a, long b) {
            int r = (int) (a | b);
            s.lazyResult = r;
            s.lazyAux = 0;
            return r;
        }
    }

    private static final class Xor64 extends Alu {
        @Override
        long apply(CpuState s, long a, long b) {
            long r = a ^ b;
            s.lazyResult = r;
            s.lazyAux = 0;
            return r;
        }
    }

    private static final class Xor32 extends Alu {
        @Override
        long apply(CpuState s, long a, long b) {
            int r = (int) (a ^ b);
            s.lazyResult = r;
            s.lazyAux = 0;
            return r;
        }
    }

    /// 8 and 16 bits.
    private abstract static class Narrow extends Alu {
        final int size;

        Narrow(int size) {
            this.size = size;
        }
    }

    private static final class AddNarrow extends Narrow {
        AddNarrow(int size) {
            super(size);
        }

        @Override
        long apply(CpuState s, long a, long b) {
            long r = a + b;
            Flags.add(s, size, a, b, r);
            return r;
        }
    }

    private static final class AdcNarrow extends Narrow {
        AdcNarrow(int size) {
            super(size);
        }

        @Override
        long apply(CpuState s, long a, long b) {
            long r = a + b + (s.lazyAux >>> 63);
            Flags.add(s, size, a, b, r);
            return r;
        }
    }

    private static final class SubNarrow extends Narrow {
        SubNarrow(int size) {
            super(size);
        }

        @Override
        long apply(CpuState s, long a, long b) {
            long r = a - b;
            Flags.sub(s, size, a, b, r);
            return r;
        }
    }

    private static final class SbbNarrow extends Narrow {
        SbbNarrow(int size) {
            super(size);
        }

        @Override
        long apply(CpuState s, long a, long b) {
            long r = a - b - (s.lazyAux >>> 63);
            Flags.sub(s, size, a, b, r);
            return r;
        }
    }

    private static final class AndNarrow extends Narrow {
        AndNarrow(int size) {
            super(size);
        }

        @Override
        long apply(CpuState s, long a, long b) {
            Flags.logic(s, size, a & b);
            return a & b;
        }
    }

    private static final class OrNarrow extends Narrow {
        OrNarrow(int size) {
            super(size);
        }

        @Override
        long apply(CpuState s, long a, long b) {
            Flags.logic(s, size, a | b);
            return a | b;
        }
    }

    private static final class XorNarrow extends Narrow {
        XorNarrow(int size) {
            super(size);
        }

        @Override
        long apply(CpuState s, long a, long b) {
            Flags.logic(s, size, a ^ b);
            return a ^ b;
        }
    }
}
