package io.sluice.vmm.cpu.isa;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/// Makes legal encodings of a row of the ISA table: random prefixes, registers, addressing forms and immediates.
public final class Encodings {
    private static final int[] SEGMENT_PREFIXES = {0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65};
    private static final int[] CONTROL_REGISTERS = {0, 2, 3, 4, 8};

    private final RandomGenerator random;
    private final Decoder decoder = new Decoder();
    private final byte[] bytes = new byte[64];
    private int length;
    private int displacementAt;

    public Encodings(RandomGenerator random) {
        this.random = random;
    }

    /// Does the row exist in this mode?
    public static boolean validIn(Row row, int mode) {
        return mode == 64 ? !row.invalidIn64 : !row.onlyIn64 && (row.wide != 1 || row.isVex());
    }

    /// One encoding of `row`, decoded into `out`; retries until the row itself is what it decodes to.
    public byte[] encode(Row row, int mode, Insn out) {
        for (int attempt = 0; attempt < 1000; attempt++) {
            build(row, mode);
            int answer = decoder.decode(bytes, 0, bytes.length, mode, out);
            if (answer > 0 && out.row == row.number) {
                return Arrays.copyOf(bytes, answer);
            }
        }
        throw new IllegalStateException("no legal encoding found in mode " + mode + ": " + row);
    }

    /// Where in the last encoding a displacement stands that has no register beside it; -1 if there is none.
    int displacementAt() {
        return displacementAt;
    }

    private void build(Row row, int mode) {
        displacementAt = -1;
        random.nextBytes(bytes);
        length = 0;
        boolean register = row.modIgnored || row.mod == 1 || row.mod == Row.ANY && random.nextInt(3) == 0;
        boolean memory = row.hasModRm && !register;
        int rex = 0;
        if (mode == 64 && !row.isVex() && random.nextBoolean()) {
            rex = random.nextInt(16);
        }
        if (mode == 64 && row.wide == 1 && !row.isVex()) {
            rex |= 8;
        }
        addPrefixes(row, memory);
        if (row.isVex()) {
            addVex(row, mode);
        } else {
            if (rex != 0 || mode == 64 && random.nextInt(8) == 0) {
                add(0x40 | rex);
            }
            addOpcode(row);
        }
        if (row.hasModRm) {
            addModRm(row, register, rex);
        }
    }

    private void addPrefixes(Row row, boolean memory) {
        int state = 0;
        if (!row.isVex()) {
            do {
                state = random.nextInt(3) > 0 ? random.nextInt(2) : random.nextInt(6);
                if (row.prefixMask == Row.MARK_F3 || row.prefixMask == Row.MARK_F2) {
                    state |= row.prefixMask == Row.MARK_F3 ? 2 : 4;
                }
            } while (state > 5 || (row.prefixMask >> state & 1) == 0);
        }
        int[] prefixes = {
            (state & 1) != 0 ? 0x66 : 0,
            state >= 4 ? 0xF2 : state >= 2 ? 0xF3 : 0,
            random.nextInt(6) == 0 ? 0x67 : 0,
            random.nextInt(6) == 0 ? SEGMENT_PREFIXES[random.nextInt(6)] : 0,
            row.lockable && memory && random.nextInt(3) == 0 ? 0xF0 : 0
        };
        for (int i = prefixes.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swap = prefixes[i];
            prefixes[i] = prefixes[j];
            prefixes[j] = swap;
        }
        for (int prefix : prefixes) {
            if (prefix != 0) {
                add(prefix);
            }
        }
    }

    private void addVex(Row row, int mode) {
        int vvvv = row.usesVvvv ? random.nextInt(mode == 64 ? 16 : 8) : 0;
        int rxb = mode == 64 ? random.nextInt(8) : 0;
        int pp = switch (row.prefixMask) {
            case Row.MARK_66 -> 1;
            case Row.MARK_F3 -> 2;
            case Row.MARK_F2 -> 3;
            default -> 0;
        };
        int wide = mode == 64 ? random.nextInt(2) : 0;
        add(0xC4);
        add((~rxb & 7) << 5 | (row.map == Row.MAP_VEX_0F38 ? 2 : 3));
        add(wide << 7 | (~vvvv & 15) << 3 | pp);
        add(row.opcode);
    }

    private void addOpcode(Row row) {
        if (row.map != Row.MAP_1) {
            add(0x0F);
        }
        if (row.map == Row.MAP_0F38) {
            add(0x38);
        } else if (row.map == Row.MAP_0F3A) {
            add(0x3A);
        }
        int low = 0;
        for (OperandForm operand : row.operands) {
            if (operand.place() == Place.Z) {
                low = random.nextInt(8);
            }
        }
        add(row.opcode + low);
    }

    private void addModRm(Row row, boolean register, int rex) {
        int reg = row.reg != Row.ANY ? row.reg : random.nextInt(8);
        for (OperandForm operand : row.operands) {
            if (operand.place() == Place.C && (rex & 4) == 0) {
                reg = CONTROL_REGISTERS[random.nextInt(4)];
            } else if (operand.place() == Place.S) {
                reg = random.nextInt(6);
            }
        }
        int mod = register ? 3 : random.nextInt(3);
        int rm = row.rm != Row.ANY ? row.rm : random.nextInt(8);
        add(mod << 6 | reg << 3 | rm);
        if (mod == 0 && rm == 5) {
            displacementAt = length;
        } else if (mod == 0 && rm == 4 && (bytes[length] & 7) == 5) {
            displacementAt = length + 1;
        }
    }

    private void add(int value) {
        bytes[length++] = (byte) value;
    }
}
