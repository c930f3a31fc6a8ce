package io.sluice.vmm.gdb;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/// Reads the payload of a packet from its start to its end. What does not fit is a [GdbRefusal].
final class PacketText {
    private static final int LONG_DIGITS = 16;
    private static final int INT_DIGITS = 8;

    private final String text;
    private int at;

    /// @param payload each byte is one character
    PacketText(byte[] payload) {
        text = new String(payload, StandardCharsets.ISO_8859_1);
    }

    boolean isAtEnd() {
        return at == text.length();
    }

    /// The next character, which is consumed; `\0` at the end.
    char next() {
        return isAtEnd() ? '\0' : text.charAt(at++);
    }

    /// Consumes `expected` if it is next.
    boolean take(String expected) {
        if (!text.startsWith(expected, at)) {
            return false;
        }
        at += expected.length();
        return true;
    }

    void require(String expected) {
        if (!take(expected)) {
            throw GdbRefusal.invalid();
        }
    }

    void requireEnd() {
        if (!isAtEnd()) {
            throw GdbRefusal.invalid();
        }
    }

    /// A hexadecimal number of 1 to 16 digits.
    long number() {
        return number(LONG_DIGITS);
    }

    /// A hexadecimal number that is no larger than an int may be.
    int smallNumber() {
        long value = number(INT_DIGITS);
        if (value > Integer.MAX_VALUE) {
            throw GdbRefusal.invalid();
        }
        return (int) value;
    }

    private long number(int mostDigits) {
        int start = at;
        long value = 0;
        while (!isAtEnd() && HexFormat.isHexDigit(text.charAt(at))) {
            value = value << 4 | HexFormat.fromHexDigit(text.charAt(at++));
        }
        if (at == start || at - start > mostDigits) {
            throw GdbRefusal.invalid();
        }
        return value;
    }

    /// Bytes in hexadecimal, up to the end.
    byte[] hexBytes() {
        var digits = rest();
        if (digits.length() % 2 != 0 || !digits.chars().allMatch(HexFormat::isHexDigit)) {
            throw GdbRefusal.invalid();
        }
        return HexFormat.of().parseHex(digits);
    }

    /// Bytes as they are, up to the end.
    byte[] rawBytes() {
        return rest().getBytes(StandardCharsets.ISO_8859_1);
    }

    /// Everything up to the end.
    String rest() {
        var rest = text.substring(at);
        at = text.length();
        return rest;
    }
}
