package io.sluice.vmm.cpu.isa;

/// One decoded instruction. Filled by the decoder; read-only afterwards.
public final class Insn {
    /// Segment numbers, as in the instruction encoding.
    public static final int ES = 0;

    public static final int CS = 1;
    public static final int SS = 2;
    public static final int DS = 3;
    public static final int FS = 4;
    public static final int GS = 5;

    /// Base or index is absent.
    public static final int NO_REGISTER = -1;

    /// Which operation; the semantics are written against it.
    public Op op = Op.INVALID;
    /// The row of the ISA table that matched, for [IsaTable#row(int)].
    public int row;
    /// Bytes, prefixes included: 1 to 15.
    public int length;
    /// Effective operand size in bytes: 2, 4 or 8; 1 in byte forms. Strings: their element.
    public int operandSize;
    /// Effective address size in bytes: 2, 4 or 8.
    public int addressSize;
    /// Execution mode it was decoded for: 16, 32 or 64.
    public int mode;
    /// Effective segment of the memory operand, override included (in 64-bit mode only FS and GS override).
    public int segment = DS;
    public boolean lock;
    /// VEX-encoded: #UD in real and virtual-8086 mode.
    public boolean vex;
    /// Low three opcode bits and ModRM: what an x87 instruction leaves in FOP.
    public int x87Opcode;
    /// 0, or the last of F2 and F3, where it is not part of the opcode.
    public int rep;
    public int base = NO_REGISTER;
    public int index = NO_REGISTER;
    /// Index is shifted left by this: 0 to 3.
    public int scale;
    /// Sign-extended displacement; the offset itself, zero-extended, for [Operand.Kind#OFFSET].
    public long displacement;
    /// `displacement` counts from the next instruction.
    public boolean ripRelative;
    /// Where it starts in the block it is decoded for, in bytes: RIP-relative addresses count from the block.
    public int blockOffset;
    public long imm;
    public long imm2;
    public Operand[] operands = NONE;

    static final Operand[] NONE = {};

    public Operand operand(int i) {
        return operands[i];
    }
}
