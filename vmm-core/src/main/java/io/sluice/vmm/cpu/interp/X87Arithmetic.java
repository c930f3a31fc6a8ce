package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.fp.F80Binary;
import io.sluice.vmm.cpu.fp.F80Binary.Operation;
import io.sluice.vmm.cpu.fp.FpContext;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.isa.Operand;
import io.sluice.vmm.cpu.state.FpuState;
import org.jspecify.annotations.Nullable;

/// The four operations and the comparisons of the x87, on registers and with memory operands of every format.
final class X87Arithmetic {
    private X87Arithmetic() {}

    static @Nullable MicroOp create(Insn insn) {
        Operation operation = operation(insn.op);
        if (operation != null) {
            return new Binary(insn, operation, isInteger(insn.op), pops(insn.op) ? 1 : 0);
        }
        return switch (insn.op) {
            case FCOM, FICOM -> new Compare(insn, true, isInteger(insn.op), 0);
            case FCOMP, FICOMP -> new Compare(insn, true, isInteger(insn.op), 1);
            case FCOMPP -> new Compare(insn, true, false, 2);
            case FUCOM -> new Compare(insn, false, false, 0);
            case FUCOMP -> new Compare(insn, false, false, 1);
            case FUCOMPP -> new Compare(insn, false, false, 2);
            case FCOMI -> new CompareFlags(insn, true, 0);
            case FCOMIP -> new CompareFlags(insn, true, 1);
            case FUCOMI -> new CompareFlags(insn, false, 0);
            case FUCOMIP -> new CompareFlags(insn, false, 1);
            default -> null;
        };
    }

    private static @Nullable Operation operation(Op op) {
        return switch (op) {
            case FADD, FADDP, FIADD -> Operation.ADD;
            case FMUL, FMULP, FIMUL -> Operation.MUL;
            case FSUB, FSUBP, FISUB -> Operation.SUB;
            case FSUBR, FSUBRP, FISUBR -> Operation.SUB_REVERSED;
            case FDIV, FDIVP, FIDIV -> Operation.DIV;
            case FDIVR, FDIVRP, FIDIVR -> Operation.DIV_REVERSED;
            default -> null;
        };
    }

    private static boolean isInteger(Op op) {
        return switch (op) {
            case FIADD, FIMUL, FISUB, FISUBR, FIDIV, FIDIVR, FICOM, FICOMP -> true;
            default -> false;
        };
    }

    private static boolean pops(Op op) {
        return switch (op) {
            case FADDP, FMULP, FSUBP, FSUBRP, FDIVP, FDIVRP -> true;
            default -> false;
        };
    }

    static void pop(FpuState f, int times) {
        for (int i = 0; i < times; i++) {
            X87Stack.pop(f);
        }
    }

    /// An instruction with a second operand: a register, or memory as float, double or integer.
    private abstract static class WithOperand extends X87Op {
        final int pops;
        /// Stack register, where the operand is none in memory.
        final int other;

        private final boolean integer;
        private final int size;
        private long value;

        WithOperand(Insn insn, boolean integer, int pops, int other) {
            super(insn);
            this.integer = integer;
            this.pops = pops;
            this.other = other;
            this.size =
                    address == null ? 0 : insn.operand(insn.operands.length - 1).size();
        }

        @Override
        final void load(Core core, long offset) {
            if (address != null) {
                value = core.load(address.segment, offset, size);
            }
        }

        final boolean isEmpty(FpuState f) {
            return address == null && X87Stack.isEmpty(f, other);
        }

        final void right(FpuState f, FpContext c) {
            if (address == null) {
                F80Binary.right(c, X87Stack.se(f, other), X87Stack.sig(f, other));
            } else if (integer) {
                F80Binary.rightInteger(c, size == 2 ? (short) value : (int) value);
            } else if (size == 4) {
                F80Binary.rightFloat(c, (int) value);
            } else {
                F80Binary.rightDouble(c, value);
            }
        }
    }

    private static final class Binary extends WithOperand {
        private final Operation operation;
        private final int target;

        Binary(Insn insn, Operation operation, boolean integer, int pops) {
            super(insn, integer, pops, source(insn));
            this.operation = operation;
            this.target = insn.operands.length == 2 ? insn.operand(0).number() : 0;
        }

        private static int source(Insn insn) {
            return insn.operands.length == 2 ? insn.operand(1).number() : 0;
        }

        @Override
        void execute(Core core, FpuState f) {
            if (X87Stack.isEmpty(f, target) || isEmpty(f)) {
                if (X87Stack.fault(core, false)) {
                    X87Stack.setIndefinite(f, target);
                    pop(f, pops);
                }
                return;
            }
            FpContext c = X87Stack.begin(f);
            F80Binary.left(c, X87Stack.se(f, target), X87Stack.sig(f, target));
            right(f, c);
            F80Binary.apply(c, operation);
            if (X87Stack.settle(core, c)) {
                X87Stack.set(f, target, c.se, c.sig);
                pop(f, pops);
            }
        }
    }

    private static int compared(Insn insn) {
        int last = insn.operands.length - 1;
        return last >= 0 && insn.operand(last).kind() == Operand.Kind.ST
                ? insn.operand(last).number()
                : 1;
    }

    /// The condition codes are set even by an exception that is not masked; only the pop is left out then.
    private static final class Compare extends WithOperand {
        private final boolean signalling;

        Compare(Insn insn, boolean signalling, boolean integer, int pops) {
            super(insn, integer, pops, compared(insn));
            this.signalling = signalling;
        }

        @Override
        void execute(Core core, FpuState f) {
            if (X87Stack.isEmpty(f, 0) || isEmpty(f)) {
                boolean masked = X87Stack.fault(core, false);
                conditions(f, 2);
                pop(f, masked ? pops : 0);
                return;
            }
            FpContext c = X87Stack.begin(f);
            F80Binary.left(c, X87Stack.se(f, 0), X87Stack.sig(f, 0));
            right(f, c);
            int order = F80Binary.compare(c, signalling);
            boolean done = X87Stack.settle(core, c);
            conditions(f, order);
            pop(f, done ? pops : 0);
        }
    }

    /// C3, C2 and C0 for an order of -1, 0, 1 or 2.
    static void conditions(FpuState f, int order) {
        int bits = switch (order) {
            case -1 -> X87Stack.C0;
            case 0 -> X87Stack.C3;
            case 1 -> 0;
            default -> X87Stack.C3 | X87Stack.C2 | X87Stack.C0;
        };
        f.fsw = f.fsw & ~(X87Stack.C3 | X87Stack.C2 | X87Stack.C0) | bits;
    }

    /// To EFLAGS; C1 stays unless the stack faults.
    private static final class CompareFlags extends WithOperand {
        private final boolean signalling;

        CompareFlags(Insn insn, boolean signalling, int pops) {
            super(insn, false, pops, compared(insn));
            this.signalling = signalling;
        }

        @Override
        void execute(Core core, FpuState f) {
            if (X87Stack.isEmpty(f, 0) || isEmpty(f)) {
                boolean masked = X87Stack.fault(core, false);
                core.state.setArithmeticFlags(SseConversions.orderFlags(2));
                pop(f, masked ? pops : 0);
                return;
            }
            FpContext c = X87Stack.begin(f);
            F80Binary.left(c, X87Stack.se(f, 0), X87Stack.sig(f, 0));
            right(f, c);
            int order = F80Binary.compare(c, signalling);
            int c1 = f.fsw & X87Stack.C1;
            boolean done = X87Stack.settle(core, c);
            f.fsw |= c1;
            core.state.setArithmeticFlags(SseConversions.orderFlags(order));
            pop(f, done ? pops : 0);
        }
    }
}
