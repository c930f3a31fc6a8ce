package io.sluice.vmm.testkit;

import java.util.function.IntUnaryOperator;

/// Configuration space as text, in the form of `lspci -x`, and what the standard fields say.
public final class ConfigDump {
    private ConfigDump() {}

    /// @param read gives a byte at an offset
    public static String of(String title, IntUnaryOperator read) {
        var text = new StringBuilder(title).append('\n');
        text.append(String.format(
                "  %04x:%04x class %02x%02x%02x rev %02x header %02x%n",
                word(read, 0), word(read, 2), at(read, 0xB), at(read, 0xA), at(read, 9), at(read, 8), at(read, 0xE)));
        if ((word(read, 6) & 0x10) != 0) {
            int steps = 0;
            for (int cap = at(read, 0x34); cap != 0 && steps < 48; cap = at(read, cap + 1)) {
                text.append(String.format("  capability %02x at %02x%n", at(read, cap), cap));
                steps++;
            }
        }
        for (int row = 0; row < 256; row += 16) {
            text.append(String.format("%02x:", row));
            for (int i = 0; i < 16; i++) {
                text.append(String.format(" %02x", at(read, row + i)));
            }
            text.append('\n');
        }
        return text.append('\n').toString();
    }

    private static int at(IntUnaryOperator read, int offset) {
        return read.applyAsInt(offset) & 0xFF;
    }

    private static int word(IntUnaryOperator read, int offset) {
        return at(read, offset) | at(read, offset + 1) << 8;
    }
}
