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

/// Shifts, and tests and changes of single bits that are not locked.
final class BitWriter implements RegionWriter.Writer {
    private final RegionWriter region;
    private final Emitter emit;
    private final Conditions conditions;
    private final CodeBuilder code;

    BitWriter(RegionWriter region, Emitter emit, Conditions conditions) {
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
            case SHL, SHR, SAR -> shift(step);
            case BT, BTS, BTR, BTC -> test(step);
            default -> false;
        };
    }

    // ---- shifts

    private boolean shift(Step step) {
        var insn = step.insn();
        var by = insn.operand(1);
        int size = insn.operand(0).size();
        int count = by.kind() == Operand.Kind.CONSTANT ? by.number() : (int) insn.imm & 8 * size - 1;
        boolean variable = by.kind() == Operand.Kind.GPR;
        if (size < 4 || !variable && count == 0) {
            return false;
        }
        if (variable) {
            emit.pushRegister(by.number(), 1);
            code.loadConstant(8L * size - 1).land();
        } else {
            emit.push(count);
        }
        code.lstore(W);
        return region.change(step, () -> {
            if (variable) {
                setFlagsUnlessZero(insn.op, size);
            } else {
                setFlags(insn.op, size);
            }
            shift(insn.op, size);
        });
    }

    private void setFlagsUnlessZero(Op op, int size) {
        var none = code.newLabel();
        code.lload(W).lconst_0().lcmp().ifeq(none);
        setFlags(op, size);
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
            return region.changeAt(step, () -> change(insn.op));
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
