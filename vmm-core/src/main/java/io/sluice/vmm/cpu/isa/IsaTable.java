package io.sluice.vmm.cpu.isa;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// All rows of `isa.txt`, and the index that the decoder looks them up in. Read once, immutable.
public final class IsaTable {
    private static final List<Row> ROWS = read();
    private static final Row[] NO_ROWS = {};
    /// By map and opcode: no bucket (no such opcode), one bucket, or sixteen by ModRM.reg and register or memory.
    private static final Row[][][] INDEX = new Row[Row.MAPS << 8][][];

    private static final boolean[] HAS_MODRM = new boolean[Row.MAPS << 8];

    static {
        index();
    }

    private IsaTable() {}

    /// Every row, in the order of the file.
    public static List<Row> rows() {
        return ROWS;
    }

    /// The row of [Insn#row].
    public static Row row(int number) {
        return ROWS.get(number);
    }

    /// Rows that may stand for this opcode and ModRM byte, best first; none if the opcode does not exist.
    static Row[] candidates(int mapAndOpcode, int modRm) {
        Row[][] buckets = INDEX[mapAndOpcode];
        if (buckets == null) {
            return NO_ROWS;
        }
        return buckets.length == 1 ? buckets[0] : buckets[bucket(modRm)];
    }

    static boolean hasModRm(int mapAndOpcode) {
        return HAS_MODRM[mapAndOpcode];
    }

    private static int bucket(int modRm) {
        return (modRm >> 3 & 7) | (modRm >= 0xC0 ? 8 : 0);
    }

    private static List<Row> read() {
        var rows = new ArrayList<Row>(1000);
        try (InputStream file = IsaTable.class.getResourceAsStream("isa.txt")) {
            if (file == null) {
                throw new IllegalStateException("isa.txt is not on the class path");
            }
            var lines = new BufferedReader(new InputStreamReader(file, StandardCharsets.US_ASCII));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                RowParser.read(line, rows);
            }
        } catch (IOException e) {
            throw new IllegalStateException("isa.txt cannot be read", e);
        }
        return List.copyOf(rows);
    }

    private static void index() {
        // Rows with a prefix mark outrank those without.
        for (Row row : ROWS) {
            if (row.prefixMask != Row.MARK_NONE) {
                file(row);
            }
        }
        for (Row row : ROWS) {
            if (row.prefixMask == Row.MARK_NONE) {
                file(row);
            }
        }
    }

    private static void file(Row row) {
        boolean low3 = false;
        for (OperandForm operand : row.operands) {
            low3 |= operand.place() == Place.Z;
        }
        for (int i = 0; i < (low3 ? 8 : 1); i++) {
            int key = row.map << 8 | row.opcode + i;
            if (INDEX[key] == null) {
                HAS_MODRM[key] = row.hasModRm;
                INDEX[key] = new Row[row.hasModRm ? 16 : 1][];
            }
            if (HAS_MODRM[key] != row.hasModRm) {
                throw new IllegalStateException("isa.txt: rows disagree about ModRM: " + row);
            }
            Row[][] buckets = INDEX[key];
            for (int bucket = 0; bucket < buckets.length; bucket++) {
                boolean fits = buckets.length == 1
                        || (row.reg == Row.ANY || row.reg == (bucket & 7))
                                && (row.mod == Row.ANY || row.mod == bucket >> 3);
                if (fits) {
                    buckets[bucket] = append(buckets[bucket], row);
                }
            }
            for (int bucket = 0; bucket < buckets.length; bucket++) {
                if (buckets[bucket] == null) {
                    buckets[bucket] = NO_ROWS;
                }
            }
        }
    }

    private static Row[] append(Row[] rows, Row row) {
        if (rows == null || rows.length == 0) {
            return new Row[] {row};
        }
        Row[] longer = java.util.Arrays.copyOf(rows, rows.length + 1);
        longer[rows.length] = row;
        return longer;
    }
}
