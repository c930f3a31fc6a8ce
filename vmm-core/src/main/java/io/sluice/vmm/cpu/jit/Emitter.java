package io.sluice.vmm.cpu.jit;

import io.sluice.vmm.cpu.interp.Core;
import io.sluice.vmm.cpu.interp.MicroOp;
import io.sluice.vmm.cpu.interp.Region;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Operand;
import io.sluice.vmm.cpu.mmu.Mmu;
import io.sluice.vmm.cpu.state.ConditionCodes;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.Segment;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.DynamicConstantDesc;
import java.lang.constant.MethodTypeDesc;
import jdk.internal.misc.Unsafe;

/// The vocabulary of translated code: its locals, guest registers, addresses, calls into this room. Everything
/// that it pushes is a `long` unless said otherwise.
final class Emitter {
    /// The receiver's, which is not needed again: what is named most has the shortest instruction.
    private static final int UNSAFE_LOCAL = 0;
    // Locals of Region.run: its parameters, behind the receiver
    static final int CORE = 1;
    static final int BASE = 2;
    static final int ENTRY = 4;
    static final int LIMIT = 5;
    // what stays the same
    private static final int REGISTERS = 6;
    private static final int STATE = 7;
    private static final int MMU = 8;
    private static final int FS = 9;
    private static final int GS = 10;
    // what stays so until a system instruction
    static final int READ = 11;
    static final int WRITE = 13;
    static final int CONTEXT = 15;
    // flags: see ConditionCodes
    static final int KIND = 17;
    static final int A = 18;
    static final int B = 20;
    /// Instructions run, those of the block that runs included.
    static final int DONE = 22;
    // within one instruction
    static final int V = 23;
    static final int W = 25;
    static final int ADDRESS = 27;
    static final int SLOT = 29;
    static final int HOST = 31;
    static final int OLD = 33;
    private static final int RUNS = 35;
    /// Of the first guest register; the others follow.
    private static final int FIRST_REGISTER = 36;
    /// Behind them.
    static final int FIRST_FREE = FIRST_REGISTER + 2 * 16;

    static final int ALL_REGISTERS = 0xFFFF;

    static final ClassDesc REGION = ClassDesc.of(Region.class.getName());
    private static final ClassDesc RUNTIME = ClassDesc.of(TranslatedCode.class.getName());
    private static final ClassDesc CODES = ClassDesc.of(ConditionCodes.class.getName());
    private static final ClassDesc CORE_CLASS = ClassDesc.of(Core.class.getName());
    private static final ClassDesc MMU_CLASS = ClassDesc.of(Mmu.class.getName());
    private static final ClassDesc STATE_CLASS = ClassDesc.of(CpuState.class.getName());
    private static final ClassDesc SEGMENT_CLASS = ClassDesc.of(Segment.class.getName());
    private static final ClassDesc UNSAFE = ClassDesc.of(Unsafe.class.getName());
    private static final ClassDesc OBJECT = ConstantDescs.CD_Object;
    private static final ClassDesc OP_CLASS = ClassDesc.of(MicroOp.class.getName());
    private static final ClassDesc LONGS = ConstantDescs.CD_long.arrayType();
    private static final ClassDesc L = ConstantDescs.CD_long;
    private static final ClassDesc I = ConstantDescs.CD_int;
    private static final ClassDesc Z = ConstantDescs.CD_boolean;
    private static final ClassDesc NOTHING = ConstantDescs.CD_void;

    static final MethodTypeDesc RUN = MethodTypeDesc.of(I, CORE_CLASS, L, I, I);

    final CodeBuilder code;

    /// The guest registers, as bits, whose locals hold what they hold here.
    private int cached;

    Emitter(CodeBuilder code) {
        this.code = code;
    }

    /// Sets up the locals.
    ///
    /// @param counted whether [#countRun] will be called
    void begin(boolean counted) {
        if (counted) {
            code.aload(0).getfield(REGION, "runs", LONGS).astore(RUNS);
        }
        code.getstatic(RUNTIME, "UNSAFE", UNSAFE).astore(UNSAFE_LOCAL);
        code.aload(CORE).getfield(CORE_CLASS, "gpr", LONGS).astore(REGISTERS);
        code.aload(CORE).getfield(CORE_CLASS, "state", STATE_CLASS).astore(STATE);
        loadSegment(Insn.FS, FS);
        loadSegment(Insn.GS, GS);
        loadTables();
        loadFlags();
        code.iconst_0().istore(DONE);
    }

    /// Counts that a block runs.
    void countRun(int number) {
        code.aload(RUNS).loadConstant(number).dup2().laload().lconst_1().ladd().lastore();
    }

    private void loadSegment(int number, int local) {
        code.aload(STATE).getfield(STATE_CLASS, "segments", SEGMENT_CLASS.arrayType());
        code.loadConstant(number).aaload().astore(local);
    }

    /// Asks where translations are cached now.
    void loadTables() {
        code.aload(CORE).getfield(CORE_CLASS, "mmu", MMU_CLASS).astore(MMU);
        // As fields: HotSpot inlines no more calls into a method as large as a region may become.
        code.aload(MMU).getfield(MMU_CLASS, "readTable", L).lstore(READ);
        code.aload(MMU).getfield(MMU_CLASS, "writeTable", L).lstore(WRITE);
        code.aload(MMU).getfield(MMU_CLASS, "context", L).lstore(CONTEXT);
    }

    void pushUnsafe() {
        code.aload(UNSAFE_LOCAL);
    }

    // ---- flags as a whole

    /// Takes the flags from where the interpreter, or the code before, left them.
    void loadFlags() {
        code.aload(STATE).getfield(STATE_CLASS, "lazyKind", I).istore(KIND);
        code.aload(STATE).getfield(STATE_CLASS, "lazyResult", L).lstore(A);
        code.aload(STATE).getfield(STATE_CLASS, "lazyAux", L).lstore(B);
    }

    /// Has flags that were brought home be as the interpreter wants them.
    void settleFlags() {
        code.aload(STATE).invokevirtual(STATE_CLASS, "settleFlags", MethodTypeDesc.of(NOTHING));
    }

    void pushResult() {
        code.iload(KIND).lload(A).lload(B).invokestatic(CODES, "result", MethodTypeDesc.of(L, I, L, L));
    }

    void pushAux() {
        code.iload(KIND).lload(A).lload(B).invokestatic(CODES, "aux", MethodTypeDesc.of(L, I, L, L));
    }

    /// Pushes an `int`: whether the condition holds.
    void pushTest(int condition) {
        code.iload(KIND).lload(A).lload(B).loadConstant(condition);
        code.invokestatic(CODES, "test", MethodTypeDesc.of(Z, I, L, L, I));
    }

    void pushCarry() {
        code.iload(KIND).lload(A).lload(B).invokestatic(CODES, "carry", MethodTypeDesc.of(L, I, L, L));
    }

    /// A function of [ConditionCodes] of three longs and the size.
    void codes(String name, int size) {
        code.loadConstant(size).invokestatic(CODES, name, MethodTypeDesc.of(L, L, L, L, I));
    }

    /// A function of [ConditionCodes] of three longs.
    void codes(String name) {
        code.invokestatic(CODES, name, MethodTypeDesc.of(L, L, L, L));
    }

    // ---- values

    static long mask(int size) {
        return size == 8 ? -1L : (1L << 8 * size) - 1;
    }

    void push(long value) {
        code.loadConstant(value);
    }

    /// Cuts the value on top to `size` bytes, zero-extended.
    void zeroExtend(int size) {
        if (size < 8) {
            code.loadConstant(mask(size)).land();
        }
    }

    void signExtend(int size) {
        switch (size) {
            case 1 -> code.l2i().i2b().i2l();
            case 2 -> code.l2i().i2s().i2l();
            case 4 -> code.l2i().i2l();
            default -> {}
        }
    }

    // ---- registers: each write goes to the interpreter's array too, so that whoever leaves has nothing to save

    int cached() {
        return cached;
    }

    /// From here on just these registers are in their locals.
    void setCached(int registers) {
        cached = registers;
    }

    /// In the interpreter's array, as Unsafe counts: HotSpot does not see for itself that the index needs no check.
    private static long offset(int register) {
        return Unsafe.ARRAY_LONG_BASE_OFFSET + (long) Unsafe.ARRAY_LONG_INDEX_SCALE * register;
    }

    private static int local(int register) {
        return FIRST_REGISTER + 2 * register;
    }

    /// Loads registers into their locals, without taking note of it.
    void loadRegisters(int registers) {
        for (int i = 0; i < 16; i++) {
            if ((registers >> i & 1) != 0) {
                pushUnsafe();
                code.aload(REGISTERS).loadConstant(offset(i));
                code.invokevirtual(UNSAFE, "getLong", MethodTypeDesc.of(L, OBJECT, L))
                        .lstore(local(i));
            }
        }
    }

    /// Has registers in their locals.
    void cache(int registers) {
        loadRegisters(registers & ~cached);
        cached |= registers;
    }

    void pushRegister(int number, int size) {
        cache(1 << number);
        code.lload(local(number));
        zeroExtend(size);
    }

    /// The low `size` bytes of a local become a register's; 32 bits are zero-extended.
    void setRegister(int number, int size, int local) {
        if (size >= 4) {
            code.lload(local);
            zeroExtend(size);
        } else {
            pushRegister(number, 8);
            code.loadConstant(~mask(size)).land().lload(local);
            zeroExtend(size);
            code.lor();
        }
        popRegister(number);
    }

    void setHighByte(int number, int local) {
        pushRegister(number, 8);
        code.loadConstant(~0xFF00L).land().lload(local);
        zeroExtend(1);
        code.bipush(8).lshl().lor();
        popRegister(number);
    }

    private void popRegister(int number) {
        code.lstore(local(number));
        pushUnsafe();
        code.aload(REGISTERS).loadConstant(offset(number)).lload(local(number));
        code.invokevirtual(UNSAFE, "putLong", MethodTypeDesc.of(NOTHING, OBJECT, L, L));
        cached |= 1 << number;
    }

    // ---- addresses

    /// The offset of the memory operand in its segment.
    ///
    /// @param end offset in the page behind the instruction
    void pushOffset(Insn insn, int end) {
        boolean empty = true;
        if (insn.ripRelative) {
            code.lload(BASE);
            empty = false;
        } else if (insn.base != Insn.NO_REGISTER) {
            pushRegister(insn.base, 8);
            empty = false;
        }
        if (insn.index != Insn.NO_REGISTER) {
            pushRegister(insn.index, 8);
            if (insn.scale != 0) {
                code.bipush(insn.scale).lshl();
            }
            if (!empty) {
                code.ladd();
            }
            empty = false;
        }
        long displacement = insn.displacement + (insn.ripRelative ? end : 0);
        if (empty) {
            push(displacement);
        } else if (displacement != 0) {
            push(displacement);
            code.ladd();
        }
        zeroExtend(insn.addressSize);
    }

    /// The linear address of the memory operand.
    void pushAddress(Insn insn, int end) {
        pushOffset(insn, end);
        if (insn.segment >= Insn.FS) {
            code.aload(insn.segment == Insn.FS ? FS : GS).getfield(SEGMENT_CLASS, "base", L);
            code.ladd();
        }
    }

    // ---- operands

    static boolean isMemory(Operand operand) {
        return operand.kind() == Operand.Kind.MEMORY || operand.kind() == Operand.Kind.OFFSET;
    }

    /// Pushes an operand that is not memory, zero-extended from `size`.
    void pushValue(Insn insn, Operand operand, int size) {
        switch (operand.kind()) {
            case GPR -> pushRegister(operand.number(), size);
            case GPR_HIGH -> {
                pushRegister(operand.number(), 8);
                code.bipush(8).lushr();
                zeroExtend(1);
            }
            case IMMEDIATE -> push(insn.imm & mask(size));
            case CONSTANT -> push(operand.number());
            default -> throw new IllegalStateException("no plain operand: " + operand);
        }
    }

    /// A register operand becomes a local.
    void setValue(Operand operand, int size, int local) {
        if (operand.kind() == Operand.Kind.GPR_HIGH) {
            setHighByte(operand.number(), local);
        } else {
            setRegister(operand.number(), size, local);
        }
    }

    // ---- leaving

    /// Pushes an `int`: whether something asks for attention.
    void pushLook() {
        code.aload(CORE).getfield(CORE_CLASS, "look", Z);
    }

    void pushRip(long offset) {
        code.lload(BASE);
        if (offset != 0) {
            push(offset);
            code.ladd();
        }
    }

    /// Has the interpreter's own operation done; it is number `index` of the class data.
    ///
    /// @param flags whether it reads or writes flags
    void interpret(int index, int offset, boolean flags, int point) {
        code.aload(CORE);
        pushRip(offset);
        code.loadConstant(point).iload(DONE).iload(KIND).lload(A).lload(B);
        code.invokestatic(RUNTIME, "enter", MethodTypeDesc.of(NOTHING, CORE_CLASS, L, I, I, I, L, L));
        if (flags) {
            settleFlags();
        }
        code.ldc(DynamicConstantDesc.ofNamed(
                ConstantDescs.BSM_CLASS_DATA_AT, ConstantDescs.DEFAULT_NAME, OP_CLASS, index));
        code.aload(CORE);
        code.invokevirtual(OP_CLASS, "run", MethodTypeDesc.of(NOTHING, CORE_CLASS));
    }

    /// Jumps if [#V] is no canonical address.
    void checkCanonical(Label otherwise) {
        code.lload(V).bipush(47).lshr().lload(V).bipush(63).lshr().lcmp().ifne(otherwise);
    }

    /// Does what [#leave] does, for the offset from the base that is pushed as an `int` below the number of
    /// instructions
    /// of the block that are not done.
    void leaveEarly(Label leave) {
        code.iload(DONE).swap().isub().istore(DONE);
        code.i2l().lload(BASE).ladd().lstore(V).goto_(leave);
    }

    /// Leaves the region for the address in [#V].
    ///
    /// @param missed see [Region#run]
    void leave(boolean missed) {
        code.aload(STATE).lload(V).putfield(STATE_CLASS, "rip", L);
        code.aload(STATE).iload(KIND).putfield(STATE_CLASS, "lazyKind", I);
        code.aload(STATE).lload(A).putfield(STATE_CLASS, "lazyResult", L);
        code.aload(STATE).lload(B).putfield(STATE_CLASS, "lazyAux", L);
        code.iload(DONE);
        if (missed) {
            code.iconst_m1().ixor();
        }
        code.ireturn();
    }
}
