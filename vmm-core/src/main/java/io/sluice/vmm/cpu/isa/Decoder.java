package io.sluice.vmm.cpu.isa;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Decodes one instruction at a time. Holds scratch state: one decoder belongs to one thread.
///
/// The bytes are first copied into a window that is padded with zeros, so that no step needs to ask whether there is
/// another byte; whether the answer rests on bytes that were not there is asked once, at the end. That is sound because
/// the decoder only ever moves forward: what it took from the padding lies beyond what was available.
public final class Decoder {
    /// The instruction goes on beyond the bytes that were given.
    public static final int NEED_MORE = -1;
    /// No such instruction: #UD.
    public static final int ILLEGAL = -2;
    /// More than 15 bytes: #GP(0).
    public static final int TOO_LONG = -3;

    public static final int MAX_LENGTH = 15;

    /// Longest tail behind 15 bytes: opcode map, opcode, ModRM, SIB, displacement, two immediates.
    private static final int WINDOW = 48;

    private final byte[] window = new byte[WINDOW];
    private int position;

    private boolean operandPrefix;
    private boolean addressPrefix;
    private boolean lockPrefix;
    /// Last of F2 and F3, or 0.
    private int repPrefix;
    /// Effective segment override, or -1.
    private int override;
    private int rex;
    private boolean wide;
    private int rexR;
    private int rexX;
    private int rexB;
    private int vvvv;
    private boolean vex;
    private boolean vexBad;
    private int mapAndOpcode;
    private int modRm;
    private int operandSize;
    private boolean badOperand;

    /// Decodes the instruction at `code[offset]`, of which `available` bytes may be read.
    ///
    /// @param mode 16, 32 or 64
    /// @return its length, or [#NEED_MORE], [#ILLEGAL] or [#TOO_LONG], as the CPU orders them: bytes that cannot be
    ///     fetched, then length, then legality. Then `out.op` is [Op#INVALID] and `out.length` what was looked at.
    public int decode(byte[] code, int offset, int available, int mode, Insn out) {
        int given = Math.min(available, MAX_LENGTH);
        System.arraycopy(code, offset, window, 0, given);
        Arrays.fill(window, given, WINDOW, (byte) 0);
        position = 0;
        Row row = readInstruction(mode, out);
        out.length = Math.min(position, MAX_LENGTH);
        if (position > given && given < MAX_LENGTH) {
            out.op = Op.INVALID;
            return NEED_MORE;
        }
        if (position > MAX_LENGTH) {
            out.op = Op.INVALID;
            return TOO_LONG;
        }
        if (row == null) {
            out.op = Op.INVALID;
            return ILLEGAL;
        }
        return position;
    }

    private @Nullable Row readInstruction(int mode, Insn out) {
        boolean mode64 = mode == 64;
        out.mode = mode;
        out.rep = 0;
        out.lock = false;
        out.base = Insn.NO_REGISTER;
        out.index = Insn.NO_REGISTER;
        out.scale = 0;
        out.displacement = 0;
        out.ripRelative = false;
        out.imm = 0;
        out.imm2 = 0;
        out.operands = Insn.NONE;
        if (!readPrefixes(mode64)) {
            return null;
        }
        readOpcode(mode64);
        out.addressSize = addressSize(mode);
        out.vex = vex;
        out.segment = override >= 0 ? override : Insn.DS;
        boolean hasModRm = IsaTable.hasModRm(mapAndOpcode);
        modRm = hasModRm ? next() : 0;
        Row row = select(mode64);
        boolean memory = hasModRm && modRm < 0xC0 && (row == null || !row.modIgnored);
        if (memory) {
            readMemory(mode64, out);
        }
        if (row == null) {
            return null;
        }
        out.op = row.op;
        out.row = row.number;
        out.x87Opcode = (mapAndOpcode & 7) << 8 | modRm;
        out.lock = lockPrefix;
        out.rep = row.consumesRep() ? 0 : repPrefix;
        operandSize = operandSize(row, mode);
        out.operandSize = row.byteOperation ? 1 : row.atMost4 ? Math.min(operandSize, 4) : operandSize;
        badOperand = lockPrefix && !(row.lockable && memory) || vexBad || vex && !row.usesVvvv && vvvv != 0;
        readOperands(row, mode, memory, out);
        return badOperand ? null : row;
    }

    private int next() {
        return window[position++] & 0xFF;
    }

    /// Takes prefixes off; false if only prefixes fit in an instruction.
    private boolean readPrefixes(boolean mode64) {
        operandPrefix = false;
        addressPrefix = false;
        lockPrefix = false;
        repPrefix = 0;
        override = -1;
        rex = 0;
        while (position < MAX_LENGTH) {
            int prefix = window[position] & 0xFF;
            switch (prefix) {
                case 0x66 -> operandPrefix = true;
                case 0x67 -> addressPrefix = true;
                case 0xF0 -> lockPrefix = true;
                case 0xF2, 0xF3 -> repPrefix = prefix;
                case 0x26, 0x2E, 0x36, 0x3E -> {
                    if (!mode64) {
                        override = prefix >> 3 & 3;
                    }
                }
                case 0x64, 0x65 -> override = prefix == 0x64 ? Insn.FS : Insn.GS;
                default -> {
                    if (!mode64 || (prefix & 0xF0) != 0x40) {
                        return true;
                    }
                    position++;
                    rex = prefix;
                    continue;
                }
            }
            // REX counts only directly before the opcode.
            rex = 0;
            position++;
        }
        position++;
        return false;
    }

    private void readOpcode(boolean mode64) {
        vex = false;
        vexBad = false;
        vvvv = 0;
        wide = (rex & 8) != 0;
        rexR = (rex & 4) << 1;
        rexX = (rex & 2) << 2;
        rexB = (rex & 1) << 3;
        int first = next();
        if ((first == 0xC4 || first == 0xC5) && (mode64 || (window[position] & 0xC0) == 0xC0)) {
            readVex(first == 0xC4, mode64);
        } else if (first != 0x0F) {
            mapAndOpcode = first;
        } else {
            int second = next();
            if (second == 0x38) {
                mapAndOpcode = Row.MAP_0F38 << 8 | next();
            } else if (second == 0x3A) {
                mapAndOpcode = Row.MAP_0F3A << 8 | next();
            } else {
                mapAndOpcode = Row.MAP_0F << 8 | second;
            }
        }
    }

    private void readVex(boolean threeBytes, boolean mode64) {
        vexBad = operandPrefix || repPrefix != 0 || lockPrefix || rex != 0;
        vex = true;
        int first = next();
        int map = 1;
        int last = first;
        wide = false;
        rexX = 0;
        rexB = 0;
        rexR = (~first & 0x80) >> 4;
        if (threeBytes) {
            map = first & 0x1F;
            rexX = (~first & 0x40) >> 3;
            rexB = (~first & 0x20) >> 2;
            last = next();
            wide = mode64 && (last & 0x80) != 0;
        }
        if (!mode64) {
            rexR = 0;
            rexX = 0;
            rexB = 0;
        }
        vvvv = ~last >> 3 & (mode64 ? 15 : 7);
        vexBad |= (last & 4) != 0;
        operandPrefix = (last & 3) == 1;
        repPrefix = (last & 3) == 2 ? 0xF3 : (last & 3) == 3 ? 0xF2 : 0;
        int opcode = next();
        // Map 1 has no row; neither has any other.
        mapAndOpcode = switch (map) {
            case 2 -> Row.MAP_VEX_0F38 << 8 | opcode;
            case 3 -> Row.MAP_VEX_0F3A << 8 | opcode;
            default -> Row.MAP_VEX_0F38 << 8;
        };
    }

    private @Nullable Row select(boolean mode64) {
        int prefixState = (operandPrefix ? 1 : 0) | (repPrefix == 0xF3 ? 2 : repPrefix == 0xF2 ? 4 : 0);
        for (Row row : IsaTable.candidates(mapAndOpcode, modRm)) {
            if (row.matches(prefixState, mode64, modRm, wide, rexB != 0)) {
                return row;
            }
        }
        return null;
    }

    private int addressSize(int mode) {
        return switch (mode) {
            case 64 -> addressPrefix ? 4 : 8;
            case 32 -> addressPrefix ? 2 : 4;
            default -> addressPrefix ? 4 : 2;
        };
    }

    private int operandSize(Row row, int mode) {
        boolean prefix = operandPrefix && !row.consumes66() && !vex;
        if (mode != 64) {
            return (mode == 32) != prefix ? 4 : 2;
        }
        if (row.force64 || wide || row.default64 && !prefix) {
            return 8;
        }
        return prefix ? 2 : 4;
    }

    private void readMemory(boolean mode64, Insn out) {
        int mod = modRm >> 6;
        int rm = modRm & 7;
        if (out.addressSize == 2) {
            readMemory16(mod, rm, out);
            return;
        }
        int base = rm;
        if (rm == 4) {
            int sib = next();
            base = sib & 7;
            int index = sib >> 3 & 7 | rexX;
            if (index != 4) {
                out.index = index;
                out.scale = sib >> 6;
            }
        }
        if (mod == 0 && base == 5) {
            out.displacement = signed(4);
            out.ripRelative = mode64 && rm == 5;
            return;
        }
        out.base = base | rexB;
        if (mod != 0) {
            out.displacement = signed(mod == 1 ? 1 : 4);
        }
        if (override < 0 && (out.base == 4 || out.base == 5)) {
            out.segment = Insn.SS;
        }
    }

    private void readMemory16(int mod, int rm, Insn out) {
        if (mod == 0 && rm == 6) {
            out.displacement = signed(2);
            return;
        }
        // BX BX BP BP SI DI BP BX
        out.base = 0x3576_5533 >>> 4 * rm & 15;
        if (rm < 4) {
            out.index = 6 + (rm & 1);
        }
        if (mod != 0) {
            out.displacement = signed(mod);
        }
        if (override < 0 && out.base == 5) {
            out.segment = Insn.SS;
        }
    }

    private long signed(int bytes) {
        int shift = 64 - 8 * bytes;
        return unsigned(bytes) << shift >> shift;
    }

    private long unsigned(int bytes) {
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (long) next() << 8 * i;
        }
        return value;
    }

    private void readOperands(Row row, int mode, boolean memory, Insn out) {
        OperandForm[] forms = row.operands;
        if (forms.length == 0) {
            return;
        }
        var operands = new Operand[forms.length];
        for (int i = 0; i < forms.length; i++) {
            operands[i] = readOperand(forms[i], row, mode, memory, out);
        }
        out.operands = operands;
    }

    private Operand readOperand(OperandForm form, Row row, int mode, boolean memory, Insn out) {
        int size = form.width().bytes(operandSize, out.addressSize, mode, wide);
        int reg = modRm >> 3 & 7;
        int rm = modRm & 7;
        return switch (form.place()) {
            case E, M -> memory ? Operands.of(Operand.Kind.MEMORY, 0, size) : general(rm, rexB, size);
            case R -> general(rm, rexB, size);
            case G -> general(reg, rexR, size);
            case Z -> general(mapAndOpcode & 7, rexB, size);
            case B -> Operands.of(Operand.Kind.GPR, vvvv, size);
            case P -> Operands.of(Operand.Kind.MMX, reg, size);
            case N -> Operands.of(Operand.Kind.MMX, rm, size);
            case Q -> memory ? Operands.of(Operand.Kind.MEMORY, 0, size) : Operands.of(Operand.Kind.MMX, rm, size);
            case V -> Operands.of(Operand.Kind.XMM, reg | rexR, size);
            case U -> Operands.of(Operand.Kind.XMM, rm | rexB, size);
            case W ->
                memory ? Operands.of(Operand.Kind.MEMORY, 0, size) : Operands.of(Operand.Kind.XMM, rm | rexB, size);
            case S -> segment(reg, row);
            case C -> control(reg | rexR, size);
            case D -> debug(reg | rexR, size);
            case I -> immediate(form, row, size, out);
            case IS -> {
                out.imm = signed(size);
                yield Operands.of(Operand.Kind.IMMEDIATE, 0, out.operandSize);
            }
            case J -> {
                // A near branch of 64-bit size still has a 32-bit displacement.
                out.imm = signed(size);
                yield Operands.of(Operand.Kind.RELATIVE, 0, operandSize);
            }
            case A -> {
                out.imm = unsigned(operandSize);
                out.imm2 = unsigned(2);
                yield Operands.of(Operand.Kind.FAR, 0, size);
            }
            case O -> {
                out.displacement = unsigned(out.addressSize);
                yield Operands.of(Operand.Kind.OFFSET, 0, size);
            }
            case X -> Operands.of(Operand.Kind.STRING_SOURCE, 0, size);
            case Y -> Operands.of(Operand.Kind.STRING_DESTINATION, 0, size);
            case STI -> Operands.of(Operand.Kind.ST, rm, size);
            case ACCUMULATOR -> Operands.of(Operand.Kind.GPR, 0, size);
            case FIXED -> java.util.Objects.requireNonNull(form.fixed());
        };
    }

    /// Zero-extended; the byte of ENTER is its second.
    private Operand immediate(OperandForm form, Row row, int size, Insn out) {
        if (row.op == Op.ENTER && form.width() == Width.B) {
            out.imm2 = unsigned(size);
            return Operands.of(Operand.Kind.IMMEDIATE2, 0, size);
        }
        out.imm = unsigned(size);
        return Operands.of(Operand.Kind.IMMEDIATE, 0, size);
    }

    private Operand general(int low3, int high, int size) {
        if (size == 1 && rex == 0 && !vex && low3 >= 4) {
            return Operands.of(Operand.Kind.GPR_HIGH, low3 - 4, 1);
        }
        return Operands.of(Operand.Kind.GPR, low3 | high, size);
    }

    private Operand segment(int reg, Row row) {
        boolean loads = row.operands[0].place() == Place.S;
        badOperand |= reg > Insn.GS || loads && reg == Insn.CS;
        return Operands.of(Operand.Kind.SEGMENT, reg, 2);
    }

    private Operand control(int reg, int size) {
        badOperand |= reg != 0 && reg != 2 && reg != 3 && reg != 4 && reg != 8;
        return Operands.of(Operand.Kind.CONTROL, reg, size);
    }

    private Operand debug(int reg, int size) {
        badOperand |= reg > 7;
        return Operands.of(Operand.Kind.DEBUG, reg, size);
    }
}
