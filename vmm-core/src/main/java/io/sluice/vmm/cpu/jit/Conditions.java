package io.sluice.vmm.cpu.jit;

import static io.sluice.vmm.cpu.jit.Emitter.A;
import static io.sluice.vmm.cpu.jit.Emitter.B;

import io.sluice.vmm.cpu.state.ConditionCodes;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.Opcode;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;

/// Jumps on conditions. Where the operation that set the flags is known when the code is written, a jump compares its
/// operands; elsewhere it asks [ConditionCodes#test].
final class Conditions {
    /// Another way led here: only the locals know.
    static final int UNKNOWN = -2;
    /// A pair whose second long is 0: AND, OR, XOR, TEST.
    static final int LOGIC = -3;

    private static final int BELOW = 1;
    private static final int EQUAL = 2;
    private static final int BELOW_EQUAL = 3;
    private static final int SIGN = 4;
    private static final int LESS = 6;
    private static final int LESS_EQUAL = 7;

    private final Emitter emit;
    private final CodeBuilder code;
    /// What is known of [Emitter#KIND] here.
    private int known = UNKNOWN;

    Conditions(Emitter emit) {
        this.emit = emit;
        this.code = emit.code;
    }

    void forget() {
        known = UNKNOWN;
    }

    /// The flags have just been loaded: a pair of unknown origin.
    void loaded() {
        known = ConditionCodes.PAIR;
    }

    /// Flags of a logic operation; the result, sign-extended, is on the stack.
    void setLogic() {
        code.lstore(A).lconst_0().lstore(B);
        code.iconst_0().istore(Emitter.KIND);
        known = LOGIC;
    }

    /// A pair: the result and, on top of it, the other word are on the stack.
    void setPair() {
        code.lstore(B).lstore(A);
        code.iconst_0().istore(Emitter.KIND);
        known = ConditionCodes.PAIR;
    }

    /// An addition or subtraction of the operands that [Emitter#A] and [Emitter#B] have just been set to.
    void setOperation(int kind) {
        code.loadConstant(kind).istore(Emitter.KIND);
        known = kind;
    }

    /// Jumps to `target` if the condition, as encoded in Jcc, holds.
    void jumpIf(int condition, Label target) {
        boolean negated = (condition & 1) != 0;
        int test = condition >> 1;
        boolean done = switch (known) {
            case LOGIC -> logic(test, negated, target);
            case ConditionCodes.PAIR -> pair(test, negated, target);
            case UNKNOWN -> false;
            default ->
                known >= ConditionCodes.SUB
                        ? subtraction(test, negated, target, 1 << known - ConditionCodes.SUB)
                        : addition(test, negated, target, 1 << known - ConditionCodes.ADD);
        };
        if (!done) {
            emit.pushTest(condition);
            code.ifne(target);
        }
    }

    private boolean logic(int test, boolean negated, Label target) {
        switch (test) {
            case EQUAL, BELOW_EQUAL -> compareToZero(Opcode.IFEQ, negated, target);
            case SIGN, LESS -> compareToZero(Opcode.IFLT, negated, target);
            case LESS_EQUAL -> compareToZero(Opcode.IFLE, negated, target);
            default -> {
                return false;
            }
        }
        return true;
    }

    private void compareToZero(Opcode jump, boolean negated, Label target) {
        code.lload(A).lconst_0().lcmp();
        branch(jump, negated, target);
    }

    private boolean pair(int test, boolean negated, Label target) {
        switch (test) {
            case EQUAL -> compareToZero(Opcode.IFEQ, negated, target);
            case BELOW -> {
                code.lload(B).lconst_0().lcmp();
                branch(Opcode.IFLT, negated, target);
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean subtraction(int test, boolean negated, Label target, int size) {
        switch (test) {
            case EQUAL -> compare(size, false, Opcode.IFEQ, negated, target);
            case BELOW -> compare(size, true, Opcode.IFLT, negated, target);
            case BELOW_EQUAL -> compare(size, true, Opcode.IFLE, negated, target);
            case LESS -> compare(size, false, Opcode.IFLT, negated, target);
            case LESS_EQUAL -> compare(size, false, Opcode.IFLE, negated, target);
            case SIGN -> {
                code.lload(A).lload(B).lsub();
                emit.signExtend(size);
                code.lconst_0().lcmp();
                branch(Opcode.IFLT, negated, target);
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean addition(int test, boolean negated, Label target, int size) {
        var jump = test == EQUAL ? Opcode.IFEQ : test == SIGN ? Opcode.IFLT : null;
        if (jump == null) {
            return false;
        }
        code.lload(A).lload(B).ladd();
        emit.signExtend(size);
        code.lconst_0().lcmp();
        branch(jump, negated, target);
        return true;
    }

    private void compare(int size, boolean unsigned, Opcode jump, boolean negated, Label target) {
        pushComparable(A, size, unsigned);
        pushComparable(B, size, unsigned);
        if (unsigned && size == 8) {
            code.invokestatic(
                    ClassDesc.of("java.lang.Long"),
                    "compareUnsigned",
                    MethodTypeDesc.of(ConstantDescs.CD_int, ConstantDescs.CD_long, ConstantDescs.CD_long));
        } else {
            code.lcmp();
        }
        branch(jump, negated, target);
    }

    private void pushComparable(int local, int size, boolean unsigned) {
        code.lload(local);
        if (unsigned) {
            emit.zeroExtend(size);
        } else {
            emit.signExtend(size);
        }
    }

    private void branch(Opcode jump, boolean negated, Label target) {
        var opposite = switch (jump) {
            case IFEQ -> Opcode.IFNE;
            case IFLT -> Opcode.IFGE;
            default -> Opcode.IFGT;
        };
        code.branch(negated ? opposite : jump, target);
    }
}
