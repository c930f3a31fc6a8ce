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

    private static final long CARRY = 1L << 63;

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
    /// What it is most likely, if nothing is known.
    private int likely = UNKNOWN;

    Conditions(Emitter emit) {
        this.emit = emit;
        this.code = emit.code;
    }

    /// Other ways lead here than the one that was written.
    void join() {
        likely = known == LOGIC ? ConditionCodes.PAIR : known == UNKNOWN ? likely : known;
        known = UNKNOWN;
    }

    /// The code that was just written does not lead here.
    void forget() {
        known = UNKNOWN;
        likely = UNKNOWN;
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

    /// A kind for what [Emitter#A] and [Emitter#B] have just been set to.
    void setOperation(int kind) {
        code.loadConstant(kind).istore(Emitter.KIND);
        known = kind;
    }

    /// Pushes the result, sign-extended.
    void pushResult() {
        if (known == UNKNOWN) {
            emit.pushResult();
        } else {
            pushResult(known);
        }
    }

    private void pushResult(int kind) {
        code.lload(A);
        if (kind <= ConditionCodes.PAIR) {
            return;
        }
        int size = 1 << (kind - 1 & 3);
        switch (kind - 1 & ~3) {
            case ConditionCodes.ADD - 1 -> code.lload(B).ladd();
            case ConditionCodes.SUB - 1 -> code.lload(B).lsub();
            case ConditionCodes.INC - 1 -> code.lconst_1().ladd();
            case ConditionCodes.DEC - 1 -> code.lconst_1().lsub();
            case ConditionCodes.SHL - 1 -> code.lload(B).l2i().lshl();
            case ConditionCodes.SHR - 1 -> code.lload(B).l2i().lushr();
            case ConditionCodes.SAR - 1 -> {
                emit.signExtend(size);
                code.lload(B).l2i().lshr();
            }
            default -> code.lload(B).lmul();
        }
        emit.signExtend(size);
    }

    /// Pushes the word beside the result.
    void pushAux() {
        switch (known) {
            case LOGIC -> code.lconst_0();
            case ConditionCodes.PAIR -> code.lload(B);
            default -> emit.pushAux();
        }
    }

    /// Pushes CF as bit 63, with nothing else.
    void pushCarry() {
        boolean adds = known >= ConditionCodes.ADD && known < ConditionCodes.SUB;
        boolean subtracts = known >= ConditionCodes.SUB && known < ConditionCodes.INC;
        if (known == LOGIC) {
            code.lconst_0();
        } else if (known == ConditionCodes.PAIR) {
            code.lload(B).loadConstant(CARRY).land();
        } else if (known >= ConditionCodes.INC && known < ConditionCodes.SHL) {
            code.lload(B);
        } else if (adds || subtracts) {
            pushCarries(subtracts);
            code.bipush(64 - (8 << (known - 1 & 3))).lshl().loadConstant(CARRY).land();
        } else {
            emit.pushCarry();
        }
    }

    /// The carries, or borrows, out of each bit.
    private void pushCarries(boolean borrows) {
        pushFirst(borrows);
        code.lload(B).land();
        pushFirst(borrows);
        code.lload(B).lor();
        code.lload(A).lload(B);
        if (borrows) {
            code.lsub();
        } else {
            code.ladd().loadConstant(-1L).lxor();
        }
        code.land().lor();
    }

    private void pushFirst(boolean inverted) {
        code.lload(A);
        if (inverted) {
            code.loadConstant(-1L).lxor();
        }
    }

    /// Jumps to `target` if the condition, as encoded in Jcc, holds.
    void jumpIf(int condition, Label target) {
        var other = code.newLabel();
        var done = code.newLabel();
        boolean guesses = known == UNKNOWN && likely != UNKNOWN;
        if (guesses) {
            code.iload(Emitter.KIND).loadConstant(likely).if_icmpne(other);
        }
        if (known == UNKNOWN && !guesses || !written(guesses ? likely : known, condition, target)) {
            ask(condition, target);
        }
        if (guesses) {
            code.goto_(done).labelBinding(other);
            ask(condition, target);
            code.labelBinding(done);
        }
    }

    private void ask(int condition, Label target) {
        emit.pushTest(condition);
        code.ifne(target);
    }

    private boolean written(int kind, int condition, Label target) {
        boolean negated = (condition & 1) != 0;
        int test = condition >> 1;
        if (kind == LOGIC) {
            return logic(test, negated, target);
        }
        if (kind >= ConditionCodes.SUB && kind < ConditionCodes.INC) {
            return subtraction(test, negated, target, 1 << kind - ConditionCodes.SUB);
        }
        return kind == ConditionCodes.PAIR ? pair(test, negated, target) : result(kind, test, negated, target);
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

    /// What the result alone says.
    private boolean result(int kind, int test, boolean negated, Label target) {
        var jump = test == EQUAL ? Opcode.IFEQ : test == SIGN ? Opcode.IFLT : null;
        if (jump == null) {
            return false;
        }
        pushResult(kind);
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
