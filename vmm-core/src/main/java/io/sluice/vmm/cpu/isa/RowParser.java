package io.sluice.vmm.cpu.isa;

import java.util.ArrayList;
import java.util.List;

/// Reads one line of the ISA table into the fields of a [Row].
final class RowParser {
    private static final String[] CONDITIONS = {
        "O", "NO", "B", "AE", "E", "NE", "BE", "A", "S", "NS", "P", "NP", "L", "GE", "LE", "G"
    };
    /// Flags that a condition reads; both of a pair read the same.
    private static final String[] CONDITION_FLAGS = {"O", "C", "Z", "CZ", "S", "P", "SO", "SOZ"};

    private static final OperandForm[] NO_OPERANDS = {};
    private static final String[] NO_WORDS = {};

    private final String[] attributes;

    final int number;
    final String text;
    final Op op;
    final OperandForm[] operands;
    int map;
    int opcode = Row.ANY;
    int prefixMask = Row.MARK_NONE;
    int reg = Row.ANY;
    int mod = Row.ANY;
    int rm = Row.ANY;
    int wide = Row.ANY;
    boolean slashR;
    boolean rexBClear;
    Feature feature = Feature.BASE;
    Row.Privilege privilege = Row.Privilege.USER;
    int flagsRead;
    int flagsWritten;
    int flagsUndefined;
    int flagsUndefinedUnlessOne;

    private RowParser(int number, String instruction, String encoding, String attributes, int condition) {
        this.number = number;
        int space = instruction.indexOf(' ');
        String mnemonic = space < 0 ? instruction : instruction.substring(0, space);
        if (condition >= 0) {
            mnemonic = mnemonic.substring(0, mnemonic.length() - 2).concat(CONDITIONS[condition]);
            flagsRead = flags(CONDITION_FLAGS[condition >> 1]);
        }
        op = Op.valueOf(mnemonic);
        String forms = space < 0 ? "" : instruction.substring(space + 1).strip();
        // String.concat and split by hand: this runs before anything is warm (a third of the time that "+" and regular
        // expressions take).
        String named = forms.isEmpty() ? mnemonic : mnemonic.concat(" ").concat(forms);
        text = named.concat(" | ").concat(encoding);
        operands = forms.isEmpty() ? NO_OPERANDS : operands(forms);
        this.attributes = words(attributes);
        readEncoding(words(encoding), Math.max(condition, 0));
        for (String attribute : this.attributes) {
            readAttribute(attribute);
        }
    }

    /// Adds the row or rows that a line of the table stands for.
    static void read(String line, List<Row> rows) {
        int comment = line.indexOf('#');
        String content = comment < 0 ? line : line.substring(0, comment);
        if (content.isBlank()) {
            return;
        }
        int first = content.indexOf('|');
        int second = content.indexOf('|', first + 1);
        String instruction = content.substring(0, first).strip();
        String encoding = (second < 0 ? content.substring(first + 1) : content.substring(first + 1, second)).strip();
        String attributes = second < 0 ? "" : content.substring(second + 1).strip();
        if (encoding.contains("+cc")) {
            for (int condition = 0; condition < 16; condition++) {
                rows.add(new Row(new RowParser(rows.size(), instruction, encoding, attributes, condition)));
            }
        } else {
            rows.add(new Row(new RowParser(rows.size(), instruction, encoding, attributes, -1)));
        }
    }

    /// Splits at spaces, of which there may be several.
    private static String[] words(String text) {
        var words = new ArrayList<String>(4);
        int start = 0;
        while (start < text.length()) {
            int end = text.indexOf(' ', start);
            if (end < 0) {
                end = text.length();
            }
            if (end > start) {
                words.add(text.substring(start, end));
            }
            start = end + 1;
        }
        return words.toArray(NO_WORDS);
    }

    boolean has(String attribute) {
        for (String a : attributes) {
            if (a.equals(attribute)) {
                return true;
            }
        }
        return false;
    }

    private static OperandForm[] operands(String forms) {
        String[] words = forms.split(",");
        var operands = new OperandForm[words.length];
        for (int i = 0; i < words.length; i++) {
            operands[i] = OperandForm.parse(words[i]);
        }
        return operands;
    }

    private void readEncoding(String[] words, int condition) {
        int[] bytes = new int[4];
        int count = 0;
        boolean vex = false;
        for (String word : words) {
            switch (word) {
                case "NP" -> prefixMask = Row.MARK_NP;
                case "NFx" -> prefixMask = Row.MARK_NFX;
                case "VEX.NP", "VEX.66", "VEX.F3", "VEX.F2" -> {
                    vex = true;
                    prefixMask = mark(word.substring(4));
                }
                case "/r" -> slashR = true;
                case "+r", "+cc" -> {}
                case "m" -> mod = 0;
                case "r" -> mod = 1;
                case "W0" -> wide = 0;
                case "W1" -> wide = 1;
                case "nB" -> rexBClear = true;
                default -> {
                    if (word.startsWith("/")) {
                        reg = word.charAt(1) - '0';
                    } else if (word.startsWith("rm=")) {
                        rm = word.charAt(3) - '0';
                    } else if (count == 0 && words.length > 1 && mark(word) != Row.MARK_NONE) {
                        prefixMask = mark(word);
                    } else {
                        bytes[count++] = Integer.parseInt(word, 16);
                    }
                }
            }
        }
        if (count == 3) {
            map = bytes[1] == 0x38 ? Row.MAP_0F38 : Row.MAP_0F3A;
        } else {
            map = count == 2 ? Row.MAP_0F : Row.MAP_1;
        }
        if (vex) {
            map += Row.MAP_VEX_0F38 - Row.MAP_0F38;
        }
        opcode = bytes[count - 1] + condition;
    }

    private static int mark(String word) {
        return switch (word) {
            case "NP" -> Row.MARK_NP;
            case "66" -> Row.MARK_66;
            case "F3" -> Row.MARK_F3;
            case "F2" -> Row.MARK_F2;
            default -> Row.MARK_NONE;
        };
    }

    private void readAttribute(String attribute) {
        switch (attribute) {
            case "lock", "i64", "o64", "d64", "f64", "prot" -> {}
            case "cpl0" -> privilege = Row.Privilege.CPL0;
            case "io" -> privilege = Row.Privilege.IO;
            case "iopl" -> privilege = Row.Privilege.IOPL;
            case "umip" -> privilege = Row.Privilege.UMIP;
            case "tsd" -> privilege = Row.Privilege.TSD;
            case "pce" -> privilege = Row.Privilege.PCE;
            default -> readFlagsOrFeature(attribute);
        }
    }

    private void readFlagsOrFeature(String attribute) {
        if (attribute.startsWith("r:")) {
            flagsRead |= flags(attribute.substring(2));
        } else if (attribute.startsWith("w:")) {
            flagsWritten |= flags(attribute.substring(2));
        } else if (attribute.startsWith("u:")) {
            flagsUndefined |= flags(attribute.substring(2));
        } else if (attribute.startsWith("u1:")) {
            flagsUndefinedUnlessOne |= flags(attribute.substring(3));
        } else {
            feature = Feature.valueOf(attribute);
        }
    }

    private static int flags(String letters) {
        int mask = 0;
        for (int i = 0; i < letters.length(); i++) {
            mask |= switch (letters.charAt(i)) {
                case 'C' -> 1;
                case 'P' -> 1 << 2;
                case 'A' -> 1 << 4;
                case 'Z' -> 1 << 6;
                case 'S' -> 1 << 7;
                case 'T' -> 1 << 8;
                case 'I' -> 1 << 9;
                case 'D' -> 1 << 10;
                case 'O' -> 1 << 11;
                default -> throw new IllegalStateException("isa.txt: unknown flag in " + letters);
            };
        }
        return mask;
    }
}
