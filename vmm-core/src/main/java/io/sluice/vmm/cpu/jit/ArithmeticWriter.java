package io.sluice.vmm.cpu.jit;

import static io.sluice.vmm.cpu.jit.Emitter.A;
import static io.sluice.vmm.cpu.jit.Emitter.ADDRESS;
import static io.sluice.vmm.cpu.jit.Emitter.B;
import static io.sluice.vmm.cpu.jit.Emitter.V;
import static io.sluice.vmm.cpu.jit.Emitter.W;

import io.sluice.vmm.cpu.interp.RegionPlan.Step;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.isa.Operand;
import io.sluice.vmm.cpu.state.ConditionCodes;
import java.lang.classfile.CodeBuilder;

/// Arithmetic, logic, shifts by a constant, products, bit tests: what leaves flags.
final class ArithmeticWriter implements RegionWriter.Writer {
    private final RegionWriter region;
    private final Emitter emit;
    private final Conditions conditions;
    private final CodeBuilder code;

    ArithmeticWriter(RegionWriter region, Emitter emit, Conditions conditions) {
        this.region = region;
        this.emit = emit;
        this.conditions = conditions;
        this.code = emit.code;
    }

    @Override
    public boolean write(Step step) {
        var insn = step.insn();
        if (insn.lock) {
            return false;
        }
        return switch (insn.op) {
            case ADD, SUB, AND, OR, XOR -> binary(step);
            case CMP, TEST -> compare(step);
            case INC, DEC ->
                update(step, () -> step(insn.op == Op.INC, insn.operand(0).size()));
            case NEG -> update(step, () -> negate(insn.operand(0).size()));
            case NOT -> update(step, this::invert);
            case SHL, SHR, SAR -> shift(step);
            case IMUL -> multiply(step);
            case BT -> bitTest(step);
            default -> false;
        };
    }

    private boolean binary(Step step) {
        var target = step.insn().operand(0);
        region.fetch(step, step.insn().operand(1), target.size(), W);
        return update(step, () -> combine(step.insn().op, target.size()));
    }

    private boolean compare(Step step) {
        var target = step.insn().operand(0);
        var source = step.insn().operand(1);
        region.fetch(step, target, target.size(), V);
        region.fetch(step, source, target.size(), W);
        combine(step.insn().op, target.size());
        return true;
    }

    /// Reads the target into [Emitter#V], has it changed there, and writes it back. In memory that is one access.
    private boolean update(Step step, Runnable change) {
        var target = step.insn().operand(0);
        int size = target.size();
        if (!Emitter.isMemory(target)) {
            emit.pushValue(step.insn(), target, size);
            code.lstore(V);
            change.run();
            emit.setValue(target, size, V);
            return true;
        }
        emit.pushAddress(step.insn(), step.end());
        code.lstore(ADDRESS);
        region.update(size, change);
        return true;
    }

    /// Of [Emitter#V] and [Emitter#W], into the former; both are zero-extended.
    private void combine(Op op, int size) {
        switch (op) {
            case ADD -> {
                operands(ConditionCodes.ADD, size);
                code.lload(V).lload(W).ladd().lstore(V);
            }
            case SUB, CMP -> {
                operands(ConditionCodes.SUB, size);
                code.lload(V).lload(W).lsub().lstore(V);
            }
            default -> {
                code.lload(V).lload(W);
                switch (op) {
                    case OR -> code.lor();
                    case XOR -> code.lxor();
                    default -> code.land();
                }
                code.lstore(V).lload(V);
                emit.signExtend(size);
                conditions.setLogic();
            }
        }
    }

    private void operands(int kind, int size) {
        code.lload(V).lstore(A).lload(W).lstore(B);
        conditions.setOperation(kind + ConditionCodes.sizeCode(size));
    }

    private void step(boolean up, int size) {
        emit.pushAux();
        code.lload(V);
        emit.codes(up ? "increment" : "decrement", size);
        code.lstore(W);
        code.lload(V).lconst_1();
        if (up) {
            code.ladd();
        } else {
            code.lsub();
        }
        code.lstore(V);
        pair(size);
    }

    /// Flags of the result in [Emitter#V], with the other word in [Emitter#W].
    private void pair(int size) {
        code.lload(V);
        emit.signExtend(size);
        code.lload(W);
        conditions.setPair();
    }

    private void negate(int size) {
        code.lconst_0().lstore(A).lload(V).lstore(B);
        conditions.setOperation(ConditionCodes.SUB + ConditionCodes.sizeCode(size));
        code.lload(V).lneg().lstore(V);
    }

    private void invert() {
        code.lload(V).loadConstant(-1L).lxor().lstore(V);
    }

    private boolean shift(Step step) {
        var insn = step.insn();
        var by = insn.operand(1);
        int size = insn.operand(0).size();
        int count = by.kind() == Operand.Kind.CONSTANT ? by.number() : (int) insn.imm & 8 * size - 1;
        if (by.kind() == Operand.Kind.GPR || size < 4 || count == 0) {
            return false;
        }
        return update(step, () -> {
            code.lload(V);
            switch (insn.op) {
                case SHL -> {
                    emit.codes("shiftLeft", count, size);
                    code.lstore(W).lload(V).loadConstant(count).lshl();
                }
                case SHR -> {
                    emit.codes("shiftRight", count, size);
                    code.lstore(W).lload(V).loadConstant(count).lushr();
                }
                default -> {
                    emit.codes("shiftArithmetically", count, size);
                    code.lstore(W).lload(V);
                    emit.signExtend(size);
                    code.loadConstant(count).lshr();
                }
            }
            code.lstore(V);
            pair(size);
        });
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
        code.lload(V).lload(W).lmul();
        code.lload(V).lload(W);
        emit.codes("multiply", size);
        code.lstore(W).lstore(V);
        emit.setRegister(target.number(), size, V);
        pair(size);
        return true;
    }

    /// Of a register; the flags but CF stay.
    private boolean bitTest(Step step) {
        var insn = step.insn();
        var target = insn.operand(0);
        if (target.kind() != Operand.Kind.GPR) {
            return false;
        }
        int size = target.size();
        region.fetch(step, target, size, V);
        region.fetch(step, insn.operand(1), size, W);
        emit.pushResult();
        emit.pushAux();
        code.lload(V).lload(W).loadConstant(8L * size - 1).land();
        emit.codes("bitTest");
        conditions.setPair();
        return true;
    }
}
