package io.sluice.vmm.cpu.jit;

import static io.sluice.vmm.cpu.jit.Emitter.ADDRESS;
import static io.sluice.vmm.cpu.jit.Emitter.V;
import static io.sluice.vmm.cpu.jit.Emitter.W;

import io.sluice.vmm.cpu.interp.RegionPlan.Step;
import io.sluice.vmm.cpu.isa.Operand;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;

/// Moves, conversions, the stack, and what does nothing.
final class MoveWriter extends InsnWriter {
    private static final int RAX = 0;
    private static final int RDX = 2;
    private static final int RSP = 4;
    private static final int RBP = 5;

    MoveWriter(RegionWriter region, Emitter emit, Conditions conditions) {
        super(region, emit, conditions);
    }

    @Override
    boolean write(Step step) {
        var insn = step.insn();
        if (insn.op.condition() >= 0) {
            return conditional(step);
        }
        return switch (insn.op) {
            case MOV -> move(step);
            case MOVZX -> extend(step, false);
            case MOVSX, MOVSXD -> extend(step, true);
            case LEA -> {
                emit.pushOffset(insn, step.end());
                code.lstore(V);
                yield set(insn.operand(0), V);
            }
            case CBW -> widen(insn.operandSize);
            case CWD -> signInto(insn.operandSize);
            case BSWAP -> byteSwap(insn.operand(0));
            case XCHG -> exchange(step);
            case PUSH -> push(step);
            case POP -> pop(step);
            case LEAVE -> leave(step);
            case NOP, PAUSE, ENDBR32, ENDBR64, LFENCE, SFENCE -> true;
            case PREFETCH, PREFETCHW, PREFETCHNTA, PREFETCHT0, PREFETCHT1, PREFETCHT2 -> true;
            case MFENCE -> {
                code.invokestatic(
                        ClassDesc.of("java.lang.invoke.VarHandle"),
                        "fullFence",
                        MethodTypeDesc.of(ConstantDescs.CD_void));
                yield true;
            }
            default -> false;
        };
    }

    private boolean set(Operand target, int local) {
        emit.setValue(target, target.size(), local);
        return true;
    }

    private static boolean isRegister(Operand operand) {
        return operand.kind() == Operand.Kind.GPR || operand.kind() == Operand.Kind.GPR_HIGH;
    }

    private static boolean isValue(Operand operand) {
        return isRegister(operand)
                || Emitter.isMemory(operand)
                || operand.kind() == Operand.Kind.IMMEDIATE
                || operand.kind() == Operand.Kind.CONSTANT;
    }

    private boolean move(Step step) {
        var target = step.insn().operand(0);
        var source = step.insn().operand(1);
        if (!isValue(target) || !isValue(source)) {
            return false;
        }
        int size = target.size();
        region.fetch(step, source, size, V);
        if (Emitter.isMemory(target)) {
            emit.pushAddress(step.insn(), step.end());
            code.lstore(ADDRESS);
            region.store(size, V);
            return true;
        }
        return set(target, V);
    }

    private boolean extend(Step step, boolean signed) {
        var source = step.insn().operand(1);
        region.fetch(step, source, source.size(), V);
        if (signed) {
            code.lload(V);
            emit.signExtend(source.size());
            code.lstore(V);
        }
        return set(step.insn().operand(0), V);
    }

    /// CMOVcc, and SETcc into a register.
    private boolean conditional(Step step) {
        var insn = step.insn();
        var name = insn.op.name();
        var target = insn.operand(0);
        boolean sets = name.startsWith("SET");
        if (!sets && !name.startsWith("CMOV")) {
            return false;
        }
        if (Emitter.isMemory(target)) {
            return setMemory(step);
        }
        if (sets) {
            code.lconst_1().lstore(W);
        } else {
            region.fetch(step, insn.operand(1), target.size(), W);
        }
        emit.cache(1 << target.number());
        var holds = code.newLabel();
        var done = code.newLabel();
        conditions.jumpIf(insn.op.condition(), holds);
        if (sets) {
            code.lconst_0();
        } else {
            emit.pushRegister(target.number(), target.size());
        }
        code.lstore(V).goto_(done);
        code.labelBinding(holds).lload(W).lstore(V);
        code.labelBinding(done);
        return set(target, V);
    }

    /// SETcc into memory.
    private boolean setMemory(Step step) {
        var holds = code.newLabel();
        var done = code.newLabel();
        emit.pushAddress(step.insn(), step.end());
        code.lstore(ADDRESS);
        conditions.jumpIf(step.insn().op.condition(), holds);
        code.lconst_0().lstore(V).goto_(done);
        code.labelBinding(holds).lconst_1().lstore(V);
        code.labelBinding(done);
        region.store(1, V);
        return true;
    }

    private boolean widen(int size) {
        emit.pushRegister(RAX, size / 2);
        emit.signExtend(size / 2);
        code.lstore(V);
        emit.setRegister(RAX, size, V);
        return true;
    }

    private boolean signInto(int size) {
        emit.pushRegister(RAX, size);
        emit.signExtend(size);
        code.bipush(63).lshr().lstore(V);
        emit.setRegister(RDX, size, V);
        return true;
    }

    private boolean byteSwap(Operand target) {
        if (target.size() < 4) {
            return false;
        }
        emit.pushRegister(target.number(), 8);
        code.invokestatic(
                ClassDesc.of("java.lang.Long"),
                "reverseBytes",
                MethodTypeDesc.of(ConstantDescs.CD_long, ConstantDescs.CD_long));
        code.bipush(64 - 8 * target.size()).lushr().lstore(V);
        return set(target, V);
    }

    /// With memory it is locked, prefix or not.
    private boolean exchange(Step step) {
        var insn = step.insn();
        var first = insn.operand(0);
        var second = insn.operand(1);
        int size = first.size();
        if (RegionWriter.isLockable(insn)) {
            emit.pushValue(insn, second, size);
            code.lstore(W);
            return region.changeLocked(step, () -> code.lload(W).lstore(V), () -> emit.setValue(second, size, V));
        }
        if (!isRegister(first) || !isRegister(second)) {
            return false;
        }
        emit.pushValue(insn, first, size);
        code.lstore(V);
        emit.pushValue(insn, second, size);
        code.lstore(W);
        emit.setValue(first, size, W);
        return set(second, V);
    }

    // ---- the stack

    private boolean push(Step step) {
        var insn = step.insn();
        var source = insn.operand(0);
        if (insn.operandSize != 8 || !isValue(source)) {
            return false;
        }
        region.fetch(step, source, 8, V);
        region.push(V);
        return true;
    }

    private boolean pop(Step step) {
        var target = step.insn().operand(0);
        if (step.insn().operandSize != 8 || target.kind() != Operand.Kind.GPR) {
            return false;
        }
        region.pop(RSP, 0, false);
        return set(target, V);
    }

    private boolean leave(Step step) {
        if (step.insn().operandSize != 8) {
            return false;
        }
        region.pop(RBP, 0, false);
        emit.setRegister(RBP, 8, V);
        return true;
    }
}
