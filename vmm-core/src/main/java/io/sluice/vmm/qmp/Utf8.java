package io.sluice.vmm.qmp;

import java.nio.charset.StandardCharsets;

/// UTF-8 as QEMU takes it in strings: what is no character of Unicode is refused, a NUL in two bytes is not.
final class Utf8 {
    private static final int REPLACEMENT = 0xFFFD;

    private Utf8() {}

    /// Whether this is a character that may stand in a string.
    static boolean isCharacter(int point) {
        return point >= 0
                && point <= Character.MAX_CODE_POINT
                && (point < 0xFDD0 || point > 0xFDEF)
                && (point & 0xFFFE) != 0xFFFE
                && (point < Character.MIN_SURROGATE || point > Character.MAX_SURROGATE);
    }

    /// Bytes of the sequence at `at`, or 0 if it is none; [#point] then reads it.
    static int length(byte[] in, int at, int end) {
        int first = in[at] & 0xFF;
        int length = first < 0x80 ? 1 : first < 0xC0 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF8 ? 4 : 0;
        if (length == 0 || at + length > end) {
            return 0;
        }
        for (int i = 1; i < length; i++) {
            if ((in[at + i] & 0xC0) != 0x80) {
                return 0;
            }
        }
        int point = point(in, at, length);
        boolean shortest = point >= smallest(length) || (point == 0 && length == 2);
        return shortest && isCharacter(point) ? length : 0;
    }

    private static int smallest(int length) {
        return switch (length) {
            case 1 -> 0;
            case 2 -> 0x80;
            case 3 -> 0x800;
            default -> 0x1_0000;
        };
    }

    static int point(byte[] in, int at, int length) {
        if (length == 1) {
            return in[at];
        }
        int point = in[at] & (0xFF >> (length + 1));
        for (int i = 1; i < length; i++) {
            point = point << 6 | (in[at + i] & 0x3F);
        }
        return point;
    }

    /// For messages: what is no character becomes U+FFFD.
    static String lenient(byte[] in, int from, int end) {
        var text = new StringBuilder();
        int at = from;
        while (at < end) {
            int length = length(in, at, end);
            text.appendCodePoint(length == 0 ? REPLACEMENT : point(in, at, length));
            at += Math.max(length, 1);
        }
        return text.toString();
    }

    static String ascii(byte[] in, int from, int end) {
        return new String(in, from, end - from, StandardCharsets.ISO_8859_1);
    }
}
