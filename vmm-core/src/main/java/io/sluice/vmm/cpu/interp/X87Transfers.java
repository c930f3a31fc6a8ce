package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.fp.F80;
import io.sluice.vmm.cpu.fp.F80Constant;
import io.sluice.vmm.cpu.fp.F80Decimal;
import io.sluice.vmm.cpu.fp.FpContext;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.state.FpuState;
import org.jspecify.annotations.Nullable;

/// Loads and stores of the x87, exchanges, conditional moves and constants.
final class X87Transfers {
    private X87Transfers() {}

    static @Nullable MicroOp create(Insn insn) {
        boolean memory = insn.operands.length == 1 && SseMemory.isMemory(insn, 0);
        return switch (insn.op) {
            case FLD -> memory ? new Load(insn) : new LoadRegister(insn);
            case FILD, FBLD -> new Load(insn);
            case FST -> memory ? new Store(insn, 0) : new StoreRegister(insn, 0, true);
            case FSTP -> memory ? new Store(insn, 1) : new StoreRegister(insn, 1, true);
            case FSTPNCE -> new StoreRegister(insn, 1, false);
            case FIST -> new Store(insn, 0);
            case FISTP, FISTTP, FBSTP -> new Store(insn, 1);
            case FXCH -> new Exchange(insn);
            default -> constantOrConditional(insn);
        };
    }

    private static @Nullable MicroOp constantOrConditional(Insn insn) {
        return switch (insn.op) {
            case FLD1 -> new Constant(insn, F80Constant.ONE);
            case FLDL2T -> new Constant(insn, F80Constant.LOG2_10);
            case FLDL2E -> new Constant(insn, F80Constant.LOG2_E);
            case FLDPI -> new Constant(insn, F80Constant.PI);
            case FLDLG2 -> new Constant(insn, F80Constant.LOG10_2);
            case FLDLN2 -> new Constant(insn, F80Constant.LN_2);
            case FLDZ -> new Constant(insn, F80Constant.ZERO);
            // The condition's number is that of Jcc.
            case FCMOVB -> new Conditional(insn, 2);
            case FCMOVNB -> new Conditional(insn, 3);
            case FCMOVE -> new Conditional(insn, 4);
            case FCMOVNE -> new Conditional(insn, 5);
            case FCMOVBE -> new Conditional(insn, 6);
            case FCMOVNBE -> new Conditional(insn, 7);
            case FCMOVU -> new Conditional(insn, 10);
            case FCMOVNU -> new Conditional(insn, 11);
            default -> null;
        };
    }

    /// The place above the top is in use.
    static boolean isFull(FpuState f) {
        return !X87Stack.isEmpty(f, 7);
    }

    static void pushIndefinite(FpuState f) {
        X87Stack.push(f, F80.INDEFINITE_SE, F80.INDEFINITE_SIG);
    }

    /// FLD, FILD, FBLD from memory.
    private static final class Load extends X87Op {
        private final Op op;
        private final int size;
        private long low;
        private int high;

        Load(Insn insn) {
            super(insn);
            op = insn.op;
            size = insn.operand(0).size();
        }

        @Override
        void load(Core core, long offset) {
            int segment = segment();
            if (size == 10) {
                core.checkLoad(segment, offset, 10);
                low = core.load(segment, offset, 8);
                high = core.load16(segment, offset + 8) & 0xFFFF;
            } else {
                low = core.load(segment, offset, size);
            }
        }

        @Override
        void execute(Core core, FpuState f) {
            if (isFull(f)) {
                if (X87Stack.fault(core, true)) {
                    pushIndefinite(f);
                }
                return;
            }
            FpContext c = X87Stack.begin(f);
            convert(c);
            X87Stack.settle(core, c);
            // A denormal is pushed even if that exception is not masked; an invalid operand is not.
            if ((c.flags & ~c.masks & FpContext.INVALID) == 0) {
                X87Stack.push(f, c.se, c.sig);
            }
        }

        private void convert(FpContext c) {
            if (op == Op.FBLD) {
                F80Decimal.load(c, low, high);
            } else if (op == Op.FILD) {
                F80.fromLong(c, size == 2 ? (short) low : size == 4 ? (int) low : low);
            } else if (size == 4) {
                F80.fromFloat(c, (int) low);
            } else if (size == 8) {
                F80.fromDouble(c, low);
            } else {
                c.sig = low;
                c.se = high;
            }
        }
    }

    private static final class LoadRegister extends X87Op {
        private final int source;

        LoadRegister(Insn insn) {
            super(insn);
            source = insn.operand(0).number();
        }

        @Override
        void execute(Core core, FpuState f) {
            boolean empty = X87Stack.isEmpty(f, source);
            if (empty || isFull(f)) {
                if (X87Stack.fault(core, !empty)) {
                    pushIndefinite(f);
                }
                return;
            }
            f.fsw &= ~X87Stack.C1;
            X87Stack.push(f, X87Stack.se(f, source), X87Stack.sig(f, source));
        }
    }

    private static final class Constant extends X87Op {
        private final F80Constant constant;

        Constant(Insn insn, F80Constant constant) {
            super(insn);
            this.constant = constant;
        }

        @Override
        void execute(Core core, FpuState f) {
            if (isFull(f)) {
                if (X87Stack.fault(core, true)) {
                    pushIndefinite(f);
                }
                return;
            }
            f.fsw &= ~X87Stack.C1;
            FpContext c = X87Stack.begin(f);
            constant.load(c);
            X87Stack.push(f, c.se, c.sig);
        }
    }

    /// FST, FSTP, FIST, FISTP, FISTTP, FBSTP to memory. That it can be written is known before anything changes.
    private static final class Store extends X87Op {
        private final Op op;
        private final int size;
        private final int pops;
        private long offset;

        Store(Insn insn, int pops) {
            super(insn);
            this.op = insn.op;
            this.size = insn.operand(0).size();
            this.pops = pops;
        }

        @Override
        void load(Core core, long offset) {
            this.offset = offset;
            core.checkStore(segment(), offset, size);
        }

        @Override
        void execute(Core core, FpuState f) {
            FpContext c = X87Stack.begin(f);
            if (X87Stack.isEmpty(f, 0)) {
                if (X87Stack.fault(core, false)) {
                    convert(c, F80.INDEFINITE_SE, F80.INDEFINITE_SIG);
                    store(core, c);
                    X87Arithmetic.pop(f, pops);
                }
                return;
            }
            convert(c, X87Stack.se(f, 0), X87Stack.sig(f, 0));
            boolean stored = X87Stack.settle(core, c);
            // An overflow or underflow that is not masked has no result that fits memory.
            int lost = FpContext.OVERFLOW | FpContext.UNDERFLOW;
            if (stored && (c.flags & ~c.masks & lost) == 0) {
                store(core, c);
                X87Arithmetic.pop(f, pops);
            }
        }

        private void convert(FpContext c, int se, long sig) {
            switch (op) {
                case FBSTP -> F80Decimal.store(c, se, sig);
                case FIST, FISTP -> c.sig = F80.toInteger(c, se, sig, 8 * size, false);
                case FISTTP -> c.sig = F80.toInteger(c, se, sig, 8 * size, true);
                default -> {
                    if (size == 4) {
                        c.sig = F80.toFloat(c, se, sig);
                    } else if (size == 8) {
                        c.sig = F80.toDouble(c, se, sig);
                    } else {
                        c.se = se;
                        c.sig = sig;
                    }
                }
            }
        }

        private void store(Core core, FpContext c) {
            int segment = segment();
            core.store(segment, offset, Math.min(size, 8), c.sig);
            if (size == 10) {
                core.store16(segment, offset + 8, c.se);
            }
        }
    }

    private static final class StoreRegister extends X87Op {
        private final int target;
        private final int pops;
        /// An empty register is a fault; for FSTPNCE it is nothing to store.
        private final boolean faults;

        StoreRegister(Insn insn, int pops, boolean faults) {
            super(insn);
            this.target = insn.operand(0).number();
            this.pops = pops;
            this.faults = faults;
        }

        @Override
        void execute(Core core, FpuState f) {
            if (faults && X87Stack.isEmpty(f, 0)) {
                if (X87Stack.fault(core, false)) {
                    X87Stack.setIndefinite(f, target);
                    X87Arithmetic.pop(f, pops);
                }
                return;
            }
            f.fsw &= ~X87Stack.C1;
            if (!X87Stack.isEmpty(f, 0)) {
                X87Stack.set(f, target, X87Stack.se(f, 0), X87Stack.sig(f, 0));
            }
            X87Arithmetic.pop(f, pops);
        }
    }

    private static final class Exchange extends X87Op {
        private final int other;

        Exchange(Insn insn) {
            super(insn);
            other = insn.operand(0).number();
        }

        @Override
        void execute(Core core, FpuState f) {
            boolean emptyTop = X87Stack.isEmpty(f, 0);
            boolean emptyOther = X87Stack.isEmpty(f, other);
            if (emptyTop || emptyOther) {
                if (!X87Stack.fault(core, false)) {
                    return;
                }
                if (emptyTop) {
                    X87Stack.setIndefinite(f, 0);
                }
                if (emptyOther) {
                    X87Stack.setIndefinite(f, other);
                }
            } else {
                f.fsw &= ~X87Stack.C1;
            }
            int se = X87Stack.se(f, 0);
            long sig = X87Stack.sig(f, 0);
            X87Stack.set(f, 0, X87Stack.se(f, other), X87Stack.sig(f, other));
            X87Stack.set(f, other, se, sig);
        }
    }

    private static final class Conditional extends X87Op {
        private final int source;
        private final int condition;

        Conditional(Insn insn, int condition) {
            super(insn);
            this.source = insn.operand(1).number();
            this.condition = condition;
        }

        @Override
        void execute(Core core, FpuState f) {
            if (X87Stack.isEmpty(f, 0) || X87Stack.isEmpty(f, source)) {
                if (X87Stack.fault(core, false)) {
                    X87Stack.setIndefinite(f, 0);
                }
                return;
            }
            if (Flags.condition(core.state, condition)) {
                X87Stack.set(f, 0, X87Stack.se(f, source), X87Stack.sig(f, source));
            }
        }
    }
}
