package io.sluice.vmm.cpu.jit;

import static io.sluice.vmm.cpu.jit.Emitter.A;
import static io.sluice.vmm.cpu.jit.Emitter.B;
import static io.sluice.vmm.cpu.jit.Emitter.V;
import static io.sluice.vmm.cpu.jit.Emitter.W;

import io.sluice.vmm.cpu.interp.RegionPlan.Step;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.state.ConditionCodes;

/// Arithmetic, logic, products, and exchanges: what leaves flags.
final class ArithmeticWriter extends InsnWriter {
    private static final int RAX = 0;

    ArithmeticWriter(RegionWriter region, Emitter emit, Conditions conditions) {
        super(region, emit, conditions);
    }

    @Override
    boolean write(Step step) {
        var insn = step.insn();
        if (insn.lock && !RegionWriter.isLockable(insn)) {
            return false;
        }
        return switch (insn.op) {
            case ADD, SUB, AND, OR, XOR -> binary(step);
            case CMP, TEST -> compare(step);
            case INC, DEC -> change(step, () -> step(insn.op, insn.operand(0).size()));
            case NEG -> change(step, () -> negate(insn.operand(0).size()));
            case NOT -> change(step, () -> compute(Op.NOT));
            case ADC, SBB -> withCarry(step);
            case IMUL -> multiply(step);
            case CMPXCHG -> compareExchange(step);
            case XADD -> exchangeAdd(step);
            default -> false;
        };
    }

    private boolean binary(Step step) {
        var target = step.insn().operand(0);
        region.fetch(step, step.insn().operand(1), target.size(), W);
        return change(step, () -> combine(step.insn().op, target.size()));
    }

    private boolean change(Step step, Runnable change) {
        return step.insn().lock
                ? region.changeLocked(step, () -> compute(step.insn().op), change)
                : region.change(step, change);
    }

    /// Of [Emitter#V] and [Emitter#W], into the former; nothing else.
    private void compute(Op op) {
        code.lload(V);
        switch (op) {
            case ADD, XADD -> code.lload(W).ladd();
            case SUB, CMP -> code.lload(W).lsub();
            case AND, TEST -> code.lload(W).land();
            case OR -> code.lload(W).lor();
            case XOR -> code.lload(W).lxor();
            case INC -> code.lconst_1().ladd();
            case DEC -> code.lconst_1().lsub();
            case NEG -> code.lneg();
            case NOT -> code.loadConstant(-1L).lxor();
            default -> throw new IllegalArgumentException(op.toString());
        }
        code.lstore(V);
    }

    private boolean compare(Step step) {
        var target = step.insn().operand(0);
        var source = step.insn().operand(1);
        region.fetch(step, target, target.size(), V);
        region.fetch(step, source, target.size(), W);
        combine(step.insn().op, target.size());
        return true;
    }

    /// Of [Emitter#V] and [Emitter#W], into the former; both are zero-extended.
    private void combine(Op op, int size) {
        switch (op) {
            case ADD -> {
                operands(ConditionCodes.ADD, size);
                compute(op);
            }
            case SUB, CMP -> {
                operands(ConditionCodes.SUB, size);
                compute(op);
            }
            default -> {
                compute(op);
                code.lload(V);
                emit.signExtend(size);
                conditions.setLogic();
            }
        }
    }

    private void operands(int kind, int size) {
        code.lload(V).lstore(A).lload(W).lstore(B);
        conditions.setOperation(kind + ConditionCodes.sizeCode(size));
    }

    private void step(Op op, int size) {
        conditions.pushCarry();
        code.lstore(B).lload(V).lstore(A);
        int kind = op == Op.INC ? ConditionCodes.INC : ConditionCodes.DEC;
        conditions.setOperation(kind + ConditionCodes.sizeCode(size));
        compute(op);
    }

    private boolean withCarry(Step step) {
        var target = step.insn().operand(0);
        boolean adds = step.insn().op == Op.ADC;
        int size = target.size();
        region.fetch(step, step.insn().operand(1), size, W);
        return region.change(step, () -> {
            conditions.pushCarry();
            code.bipush(63).lushr().lstore(A);
            code.lload(V).lload(W);
            if (adds) {
                code.ladd().lload(A).ladd();
            } else {
                code.lsub().lload(A).lsub();
            }
            code.lstore(A);
            code.lload(A);
            emit.signExtend(size);
            code.lload(V).lload(W).lload(A);
            emit.codes(adds ? "ofSum" : "ofDifference", size);
            code.lload(A).lstore(V);
            conditions.setPair();
        });
    }

    /// With memory; the accumulator gets what was there if it is another value.
    private boolean compareExchange(Step step) {
        var target = step.insn().operand(0);
        if (!Emitter.isMemory(target)) {
            return false;
        }
        int size = target.size();
        region.fetch(step, step.insn().operand(1), size, W);
        emit.cache(1 << RAX);
        Runnable change = () -> {
            var same = code.newLabel();
            var done = code.newLabel();
            emit.pushRegister(RAX, size);
            code.lstore(A).lload(V).lstore(B);
            conditions.setOperation(ConditionCodes.SUB + ConditionCodes.sizeCode(size));
            code.lload(A).lload(B).lcmp().ifeq(same);
            emit.setRegister(RAX, size, V);
            code.goto_(done).labelBinding(same);
            code.lload(W).lstore(V);
            code.labelBinding(done);
        };
        return step.insn().lock
                ? region.changeLocked(step, () -> replaceIfSame(size), change)
                : region.change(step, change);
    }

    /// What is there is written again if it is another value than the accumulator's, as by a processor.
    private void replaceIfSame(int size) {
        var other = code.newLabel();
        emit.pushRegister(RAX, size);
        code.lload(V).lcmp().ifne(other);
        code.lload(W).lstore(V);
        code.labelBinding(other);
    }

    /// With memory.
    private boolean exchangeAdd(Step step) {
        var target = step.insn().operand(0);
        var source = step.insn().operand(1);
        if (!Emitter.isMemory(target)) {
            return false;
        }
        int size = target.size();
        region.fetch(step, source, size, W);
        return change(step, () -> {
            operands(ConditionCodes.ADD, size);
            emit.setValue(source, size, V);
            compute(Op.ADD);
        });
    }

    private void negate(int size) {
        code.lconst_0().lstore(A).lload(V).lstore(B);
        conditions.setOperation(ConditionCodes.SUB + ConditionCodes.sizeCode(size));
        compute(Op.NEG);
    }

    /// The forms with two and three operands.
    private boolean multiply(Step step) {
        var insn = step.insn();
        int operands = insn.operands.length;
        var target = insn.operand(0);
        int size = target.size();
        if (operands < 2 || size < 4) {
            return false;
        }
        region.fetch(step, insn.operand(operands - 2), size, V);
        region.fetch(step, insn.operand(operands - 1), size, W);
        for (int local : new int[] {V, W}) {
            code.lload(local);
            emit.signExtend(size);
            code.lstore(local);
        }
        operands(ConditionCodes.IMUL, size);
        code.lload(V).lload(W).lmul().lstore(V);
        emit.setRegister(target.number(), size, V);
        return true;
    }
}
