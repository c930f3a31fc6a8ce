package io.sluice.vmm.boot.acpi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// A system description table: the 36-byte header, and a checksum that makes all bytes add up to zero.
final class Table {
    static final int HEADER = 36;
    private static final int CHECKSUM = 9;

    private Table() {}

    static byte[] of(String signature, int revision, byte[] body) {
        var out = ByteBuffer.allocate(HEADER + body.length).order(ByteOrder.LITTLE_ENDIAN);
        out.put(ascii(signature, 4));
        out.putInt(out.capacity());
        out.put((byte) revision).put((byte) 0);
        out.put(ascii("SLUICE", 6)).put(ascii("SLUICEVM", 8)).putInt(1);
        out.put(ascii("SLCE", 4)).putInt(1);
        out.put(body);
        out.put(CHECKSUM, checksum(out.array(), 0, out.capacity()));
        return out.array();
    }

    /// The byte that, put where a zero is, makes the range add up to zero.
    static byte checksum(byte[] bytes, int from, int length) {
        int sum = 0;
        for (int i = 0; i < length; i++) {
            sum += bytes[from + i];
        }
        return (byte) -sum;
    }

    static byte[] ascii(String text, int length) {
        var out = new byte[length];
        var letters = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(letters, 0, out, 0, Math.min(length, letters.length));
        return out;
    }

    /// A generic address structure for a port.
    static void port(ByteBuffer out, int at, int port, int bits, int accessSize) {
        out.put(at, (byte) 1).put(at + 1, (byte) bits).put(at + 2, (byte) 0).put(at + 3, (byte) accessSize);
        out.putLong(at + 4, port);
    }
}
