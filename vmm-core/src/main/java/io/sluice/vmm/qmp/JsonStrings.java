package io.sluice.vmm.qmp;

/// What stands between the quotes of a string.
final class JsonStrings {
    private static final int HEX_DIGITS = 4;

    private JsonStrings() {}

    static String decode(byte[] in, int from, int end) {
        var text = new StringBuilder(end - from);
        int at = from;
        while (at < end) {
            byte c = in[at];
            if (c == '\\') {
                at = escape(in, at, end, text);
            } else if (c > 0) {
                text.append((char) c);
                at++;
            } else {
                int length = Utf8.length(in, at, end);
                if (length == 0) {
                    throw new JsonParser.Malformed("invalid UTF-8 sequence in string");
                }
                text.appendCodePoint(Utf8.point(in, at, length));
                at += length;
            }
        }
        return text.toString();
    }

    /// @return what comes after the escape sequence at `at`
    private static int escape(byte[] in, int at, int end, StringBuilder text) {
        byte c = in[at + 1]; // a string never ends in a lone backslash
        if (c == 'u') {
            return unicode(in, at, end, text);
        }
        text.append(
                switch (c) {
                    case '"', '\'', '\\', '/' -> (char) c;
                    case 'b' -> '\b';
                    case 'f' -> '\f';
                    case 'n' -> '\n';
                    case 'r' -> '\r';
                    case 't' -> '\t';
                    default -> throw new JsonParser.Malformed("invalid escape sequence in string");
                });
        return at + 2;
    }

    private static int unicode(byte[] in, int at, int end, StringBuilder text) {
        int after = at + 2 + HEX_DIGITS;
        int point = hex(in, at + 2, end);
        if (point >= Character.MIN_HIGH_SURROGATE
                && point <= Character.MAX_HIGH_SURROGATE
                && after + 1 < end
                && in[after] == '\\'
                && in[after + 1] == 'u') {
            int low = hex(in, after + 2, end);
            after += 2 + HEX_DIGITS;
            boolean pairs = low >= Character.MIN_LOW_SURROGATE && low <= Character.MAX_LOW_SURROGATE;
            point = pairs ? Character.toCodePoint((char) point, (char) low) : -1;
        }
        if (!Utf8.isCharacter(point)) {
            throw new JsonParser.Malformed(
                    Utf8.lenient(in, at, Math.min(after, end)) + " is not a valid Unicode character");
        }
        text.appendCodePoint(point);
        return after;
    }

    /// Four digits, or -1.
    private static int hex(byte[] in, int at, int end) {
        if (at + HEX_DIGITS > end) {
            return -1;
        }
        int value = 0;
        for (int i = 0; i < HEX_DIGITS; i++) {
            byte c = in[at + i];
            int digit = c < 0 ? -1 : Character.digit(c, 16);
            if (digit < 0) {
                return -1;
            }
            value = value << 4 | digit;
        }
        return value;
    }
}
