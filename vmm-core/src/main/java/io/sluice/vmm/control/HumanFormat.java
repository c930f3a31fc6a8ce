package io.sluice.vmm.control;

/// The `/fmt` of `x`, `xp` and `print`.
///
/// @param count how many items
/// @param kind `x d u o c i`
/// @param size bytes of an item; means nothing for `i`
record HumanFormat(int count, char kind, int size) {
    static final HumanFormat FIRST = new HumanFormat(1, 'x', 4);

    /// Width of the widest item of this size, without a prefix.
    int digits() {
        int bits = 8 * size;
        return switch (kind) {
            case 'o' -> (bits + 2) / 3;
            case 'x' -> bits / 4;
            case 'u', 'd' -> (bits * 10 + 32) / 33;
            default -> 0;
        };
    }

    /// A number that stands alone.
    String alone(long value) {
        return switch (kind) {
            case 'o' -> value == 0 ? "0" : "0" + Long.toOctalString(value);
            case 'x' -> value == 0 ? "0" : "0x" + Long.toHexString(value);
            case 'u' -> Long.toUnsignedString(value);
            case 'c' -> character((int) value);
            default -> Long.toString(value);
        };
    }

    /// A number in a column.
    ///
    /// @param value zero-extended from its size
    String inColumn(long value) {
        int width = digits();
        return switch (kind) {
            case 'x' -> "0x" + padded(Long.toHexString(value), width, '0');
            case 'c' -> character((int) value);
            default -> padded(alone(value), width, ' ');
        };
    }

    private static String padded(String text, int width, char with) {
        return String.valueOf(with).repeat(Math.max(0, width - text.length())) + text;
    }

    static String character(int value) {
        String inside = switch (value) {
            case '\'' -> "\\'";
            case '\\' -> "\\\\";
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            default ->
                value >= ' ' && value <= '~'
                        ? String.valueOf((char) value)
                        : "\\x" + padded(Integer.toHexString(value), 2, '0');
        };
        return "'" + inside + "'";
    }
}
