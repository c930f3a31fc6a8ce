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
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;

/// Shifts, rotations, and tests and changes of single bits.
final class BitWriter extends InsnWriter {
    BitWriter(RegionWriter region, Emitter emit, Conditions conditions) {
        super(region, emit, conditions);
    }

    @Override
    boolean write(Step step) {
        var insn = step.insn();
        if (insn.lock && !RegionWriter.isLockable(insn)) {
            return false;
        }
        return switch (insn.op) {
            case SHL, SHR, SAR -> shift(step);
            case ROL, ROR -> rotate(step);
            case BT, BTS, BTR, BTC -> test(step);
            default -> false;
        };
    }

    // ---- shifts and rotations

    private boolean shift(Step step) {
        var op = step.insn().op;
        int size = step.insn().operand(0).size();
        return size >= 4
                && fetchCount(step)
                && region.change(step, () -> {
                    unlessNone(step, () -> setFlags(op, size));
                    shift(op, size);
                });
    }

    private boolean rotate(Step step) {
        boolean left = step.insn().op == Op.ROL;
        int size = step.insn().operand(0).size();
        return fetchCount(step)
                && region.change(step, () -> {
                    rotate(left, size);
                    unlessNone(step, () -> setRotated(left, size));
                });
    }

    /// Sets [Emitter#W] to how far; a count that is known is not 0.
    private boolean fetchCount(Step step) {
        var insn = step.insn();
        var by = insn.operand(1);
        int bits = 8 * insn.operand(0).size();
        if (by.kind() == Operand.Kind.GPR) {
            if (bits < 32) {
                return false;
            }
            emit.pushRegister(by.number(), 1);
            code.loadConstant(bits - 1L).land();
        } else {
            int count = by.kind() == Operand.Kind.CONSTANT ? by.number() : (int) insn.imm & bits - 1;
            if (count == 0) {
                return false;
            }
            emit.push(count);
        }
        code.lstore(W);
        return true;
    }

    /// By 0 leaves the flags as they are.
    private void unlessNone(Step step, Runnable flags) {
        if (step.insn().operand(1).kind() != Operand.Kind.GPR) {
            flags.run();
            return;
        }
        var none = code.newLabel();
        code.lload(W).lconst_0().lcmp().ifeq(none);
        flags.run();
        code.labelBinding(none);
        conditions.join();
    }

    private void setFlags(Op op, int size) {
        code.lload(V).lstore(A).lload(W).lstore(B);
        int kind = switch (op) {
            case SHL -> ConditionCodes.SHL;
            case SHR -> ConditionCodes.SHR;
            default -> ConditionCodes.SAR;
        };
        conditions.setOperation(kind + ConditionCodes.sizeCode(size));
    }

    /// [Emitter#V] by [Emitter#W].
    private void shift(Op op, int size) {
        code.lload(V);
        if (op == Op.SAR) {
            emit.signExtend(size);
        }
        code.lload(W).l2i();
        switch (op) {
            case SHL -> code.lshl();
            case SHR -> code.lushr();
            default -> code.lshr();
        }
        code.lstore(V);
    }

    /// [Emitter#V] by [Emitter#W].
    private void rotate(boolean left, int size) {
        if (size == 8) {
            code.lload(V).lload(W).l2i();
            code.invokestatic(
                    ConstantDescs.CD_Long,
                    left ? "rotateLeft" : "rotateRight",
                    MethodTypeDesc.of(ConstantDescs.CD_long, ConstantDescs.CD_long, ConstantDescs.CD_int));
        } else {
            pushShifted(left ? Opcode.LSHL : Opcode.LUSHR, () -> code.lload(W));
            pushShifted(
                    left ? Opcode.LUSHR : Opcode.LSHL,
                    () -> code.loadConstant(8L * size).lload(W).lsub());
            code.lor();
            emit.zeroExtend(size);
        }
        code.lstore(V);
    }

    private void pushShifted(Opcode shift, Runnable pushCount) {
        code.lload(V);
        pushCount.run();
        code.l2i().with(OperatorInstruction.of(shift));
    }

    private void setRotated(boolean left, int size) {
        conditions.pushResult();
        conditions.pushAux();
        code.lload(V).loadConstant(left ? 1L : 0L);
        emit.codes("rotate", size);
        conditions.setPair();
    }

    // ---- single bits

    private boolean test(Step step) {
        var insn = step.insn();
        var target = insn.operand(0);
        int size = target.size();
        boolean memory = Emitter.isMemory(target);
        if (memory && insn.addressSize != 8) {
            return false;
        }
        region.fetch(step, insn.operand(1), size, W);
        if (memory) {
            pushUnit(step, size);
            code.lstore(ADDRESS);
        }
        code.lload(W).loadConstant(8L * size - 1).land().lstore(W);
        if (insn.op != Op.BT) {
            return insn.lock
                    ? region.changeLockedAt(step, () -> compute(insn.op), () -> change(insn.op))
                    : region.changeAt(step, () -> change(insn.op));
        }
        if (memory) {
            region.load(size);
        } else {
            emit.pushValue(insn, target, size);
        }
        code.lstore(V);
        setCarry();
        return true;
    }

    /// The address of the unit of memory that has the bit. A register counts bits from the operand on, either way.
    private void pushUnit(Step step, int size) {
        emit.pushAddress(step.insn(), step.end());
        if (step.insn().operand(1).kind() == Operand.Kind.GPR) {
            int shift = 3 + ConditionCodes.sizeCode(size);
            code.lload(W);
            emit.signExtend(size);
            code.bipush(shift).lshr().bipush(shift - 3).lshl().ladd();
        }
    }

    private void change(Op op) {
        setCarry();
        compute(op);
    }

    private void compute(Op op) {
        code.lload(V).lconst_1().lload(W).l2i().lshl();
        switch (op) {
            case BTS -> code.lor();
            case BTR -> code.loadConstant(-1L).lxor().land();
            default -> code.lxor();
        }
        code.lstore(V);
    }

    /// The flags but CF stay.
    private void setCarry() {
        conditions.pushResult();
        conditions.pushAux();
        code.lload(V).lload(W);
        emit.codes("bitTest");
        conditions.setPair();
    }
}
