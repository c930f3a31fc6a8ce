package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.fp.F80;
import io.sluice.vmm.cpu.fp.F80Binary;
import io.sluice.vmm.cpu.fp.F80Functions;
import io.sluice.vmm.cpu.fp.F80Steps;
import io.sluice.vmm.cpu.fp.F80Trigonometry;
import io.sluice.vmm.cpu.fp.FpContext;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.state.FpuState;
import org.jspecify.annotations.Nullable;

/// x87 instructions on the top of the stack and the register below it: signs, roots, remainders, transcendentals.
final class X87Unary {
    private static final int ONE_SE = 16383;
    private static final long ONE_SIG = 1L << 63;

    /// On ST0. Captures nothing.
    @FunctionalInterface
    private interface One {
        void apply(FpContext c, int se, long sig);
    }

    /// On ST0 and ST1. Captures nothing.
    @FunctionalInterface
    private interface Two {
        void apply(FpContext c, int se0, long sig0, int se1, long sig1);
    }

    private X87Unary() {}

    static @Nullable MicroOp create(Insn insn) {
        return switch (insn.op) {
            case FCHS -> new Sign(insn, true);
            case FABS -> new Sign(insn, false);
            case FTST -> new Test(insn);
            case FXAM -> new Examine(insn);
            case FSQRT -> new Unary(insn, F80::sqrt);
            case FRNDINT -> new Unary(insn, F80::round);
            case F2XM1 -> new Unary(insn, F80Functions::exp2MinusOne);
            case FSCALE -> new Binary(insn, F80Steps::scale, false);
            case FYL2X -> new Binary(insn, F80Functions::yLog2, true);
            case FYL2XP1 -> new Binary(insn, F80Functions::yLog2Plus1, true);
            case FPATAN -> new Binary(insn, F80Functions::arcTangent, true);
            case FPREM -> new Remainder(insn, false);
            case FPREM1 -> new Remainder(insn, true);
            case FSIN -> new Trigonometric(insn, F80Trigonometry::sine);
            case FCOS -> new Trigonometric(insn, F80Trigonometry::cosine);
            case FSINCOS, FPTAN, FXTRACT -> new Splitting(insn);
            default -> null;
        };
    }

    /// Answers whether ST0 (and ST1, if asked for) is there; if not, has dealt with it: the indefinite goes to
    /// `target`.
    private static boolean missing(Core core, FpuState f, boolean both, int target, boolean pop) {
        if (!X87Stack.isEmpty(f, 0) && !(both && X87Stack.isEmpty(f, 1))) {
            return false;
        }
        if (X87Stack.fault(core, false)) {
            X87Stack.setIndefinite(f, target);
            if (pop) {
                X87Stack.pop(f);
            }
        }
        return true;
    }

    private static final class Sign extends X87Op {
        private final boolean change;

        Sign(Insn insn, boolean change) {
            super(insn);
            this.change = change;
        }

        @Override
        void execute(Core core, FpuState f) {
            if (missing(core, f, false, 0, false)) {
                return;
            }
            f.fsw &= ~X87Stack.C1;
            int se = X87Stack.se(f, 0);
            X87Stack.set(f, 0, change ? se ^ 0x8000 : se & 0x7FFF, X87Stack.sig(f, 0));
        }
    }

    private static final class Test extends X87Op {
        Test(Insn insn) {
            super(insn);
        }

        @Override
        void execute(Core core, FpuState f) {
            if (X87Stack.isEmpty(f, 0)) {
                X87Stack.fault(core, false);
                X87Arithmetic.conditions(f, 2);
                return;
            }
            FpContext c = X87Stack.begin(f);
            F80Binary.left(c, X87Stack.se(f, 0), X87Stack.sig(f, 0));
            F80Binary.rightInteger(c, 0);
            int order = F80Binary.compare(c, true);
            X87Stack.settle(core, c);
            X87Arithmetic.conditions(f, order);
        }
    }

    private static final class Examine extends X87Op {
        Examine(Insn insn) {
            super(insn);
        }

        @Override
        void execute(Core core, FpuState f) {
            int bits = F80.examine(X87Stack.se(f, 0), X87Stack.sig(f, 0));
            if (X87Stack.isEmpty(f, 0)) {
                bits = X87Stack.C3 | X87Stack.C0 | bits & X87Stack.C1;
            }
            f.fsw = f.fsw & ~X87Stack.CONDITIONS | bits;
        }
    }

    private static final class Unary extends X87Op {
        private final One f1;

        Unary(Insn insn, One f1) {
            super(insn);
            this.f1 = f1;
        }

        @Override
        void execute(Core core, FpuState f) {
            if (missing(core, f, false, 0, false)) {
                return;
            }
            FpContext c = X87Stack.begin(f);
            f1.apply(c, X87Stack.se(f, 0), X87Stack.sig(f, 0));
            if (X87Stack.settle(core, c)) {
                X87Stack.set(f, 0, c.se, c.sig);
            }
        }
    }

    /// Result to ST0; or to ST1, which then becomes the top.
    private static final class Binary extends X87Op {
        private final Two f2;
        private final boolean pops;

        Binary(Insn insn, Two f2, boolean pops) {
            super(insn);
            this.f2 = f2;
            this.pops = pops;
        }

        @Override
        void execute(Core core, FpuState f) {
            int target = pops ? 1 : 0;
            if (missing(core, f, true, target, pops)) {
                return;
            }
            FpContext c = X87Stack.begin(f);
            f2.apply(c, X87Stack.se(f, 0), X87Stack.sig(f, 0), X87Stack.se(f, 1), X87Stack.sig(f, 1));
            if (X87Stack.settle(core, c)) {
                X87Stack.set(f, target, c.se, c.sig);
                if (pops) {
                    X87Stack.pop(f);
                }
            }
        }
    }

    private static final class Remainder extends X87Op {
        private final boolean nearest;

        Remainder(Insn insn, boolean nearest) {
            super(insn);
            this.nearest = nearest;
        }

        @Override
        void execute(Core core, FpuState f) {
            f.fsw &= ~X87Stack.C2;
            if (missing(core, f, true, 0, false)) {
                return;
            }
            FpContext c = X87Stack.begin(f);
            int q = F80Steps.remainder(
                    c, X87Stack.se(f, 0), X87Stack.sig(f, 0), X87Stack.se(f, 1), X87Stack.sig(f, 1), nearest);
            if (X87Stack.settle(core, c)) {
                X87Stack.set(f, 0, c.se, c.sig);
                if (q != F80Steps.NO_QUOTIENT) {
                    f.fsw = f.fsw & ~X87Stack.CONDITIONS | quotient(q);
                }
            }
        }

        private static int quotient(int q) {
            return q == F80Steps.INCOMPLETE
                    ? X87Stack.C2
                    : ((q & 4) != 0 ? X87Stack.C0 : 0)
                            | ((q & 2) != 0 ? X87Stack.C3 : 0)
                            | ((q & 1) != 0 ? X87Stack.C1 : 0);
        }
    }

    /// FSIN, FCOS: an operand of 2^63 or more stays, and C2 says so.
    private static final class Trigonometric extends X87Op {
        private final One f1;

        Trigonometric(Insn insn, One f1) {
            super(insn);
            this.f1 = f1;
        }

        @Override
        void execute(Core core, FpuState f) {
            f.fsw &= ~(X87Stack.C1 | X87Stack.C2);
            if (missing(core, f, false, 0, false)) {
                return;
            }
            int se = X87Stack.se(f, 0);
            long sig = X87Stack.sig(f, 0);
            if (F80Trigonometry.outOfRange(se, sig)) {
                f.fsw |= X87Stack.C2;
                return;
            }
            FpContext c = X87Stack.begin(f);
            f1.apply(c, se, sig);
            if (X87Stack.settle(core, c)) {
                X87Stack.set(f, 0, c.se, c.sig);
            }
        }
    }

    /// FSINCOS, FPTAN, FXTRACT: ST0 is replaced and another result is pushed.
    private static final class Splitting extends X87Op {
        private final Op op;

        Splitting(Insn insn) {
            super(insn);
            op = insn.op;
        }

        @Override
        void execute(Core core, FpuState f) {
            if (op != Op.FXTRACT) {
                f.fsw &= ~(X87Stack.C1 | X87Stack.C2);
            }
            boolean empty = X87Stack.isEmpty(f, 0);
            if (empty || X87Transfers.isFull(f)) {
                if (X87Stack.fault(core, !empty)) {
                    X87Stack.setIndefinite(f, 0);
                    X87Transfers.pushIndefinite(f);
                }
                return;
            }
            int se = X87Stack.se(f, 0);
            long sig = X87Stack.sig(f, 0);
            if (op != Op.FXTRACT && F80Trigonometry.outOfRange(se, sig)) {
                f.fsw |= X87Stack.C2;
                return;
            }
            FpContext c = X87Stack.begin(f);
            first(c, se, sig);
            int firstSe = c.se;
            long firstSig = c.sig;
            second(c, se, sig);
            if (X87Stack.settle(core, c)) {
                X87Stack.set(f, 0, firstSe, firstSig);
                X87Stack.push(f, c.se, c.sig);
            }
        }

        private void first(FpContext c, int se, long sig) {
            switch (op) {
                case FSINCOS -> F80Trigonometry.sine(c, se, sig);
                case FPTAN -> F80Trigonometry.tangent(c, se, sig);
                default -> F80Steps.exponentOf(c, se, sig);
            }
        }

        private void second(FpContext c, int se, long sig) {
            switch (op) {
                case FSINCOS -> F80Trigonometry.cosine(c, se, sig);
                case FPTAN -> {
                    // A NaN is pushed over itself.
                    if ((c.se & 0x7FFF) != 0x7FFF || c.sig << 1 == 0) {
                        c.se = ONE_SE;
                        c.sig = ONE_SIG;
                    }
                }
                default -> F80Steps.significandOf(c, se, sig);
            }
        }
    }
}
