package io.sluice.vmm.gdb;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/// Puts a payload on the line: `$payload#checksum`, with what the protocol itself uses escaped.
final class PacketFrame {
    private PacketFrame() {}

    /// @param payload each character is one byte
    static byte[] of(String payload) {
        var line = new ByteArrayOutputStream(payload.length() + 4);
        line.write('$');
        int sum = 0;
        for (byte octet : payload.getBytes(StandardCharsets.ISO_8859_1)) {
            int c = octet & 0xFF;
            if (c == '$' || c == '#' || c == '}' || c == '*') {
                line.write('}');
                sum += '}';
                c ^= 0x20;
            }
            line.write(c);
            sum += c;
        }
        line.writeBytes(String.format("#%02x", sum & 0xFF).getBytes(StandardCharsets.ISO_8859_1));
        return line.toByteArray();
    }
}
