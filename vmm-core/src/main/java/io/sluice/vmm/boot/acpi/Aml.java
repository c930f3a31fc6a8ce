package io.sluice.vmm.boot.acpi;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/// Builds AML, ACPI's byte code (ACPI 6.4, chapter 20). Each function returns one encoded term; terms nest by being
/// passed on.
final class Aml {
    static final byte[] ARG0 = {0x68};
    static final byte[] ARG1 = {0x69};
    static final byte[] ARG3 = {0x6B};
    static final byte[] LOCAL0 = {0x60};

    private static final int EXT = 0x5B;

    private Aml() {}

    static byte[] join(byte[]... terms) {
        var out = new ByteArrayOutputStream();
        for (var term : terms) {
            out.writeBytes(term);
        }
        return out.toByteArray();
    }

    private static byte[] bytes(int... values) {
        var out = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            out[i] = (byte) values[i];
        }
        return out;
    }

    /// Opcode, package length, content.
    private static byte[] sized(byte[] opcode, byte[]... content) {
        var body = join(content);
        return join(opcode, packageLength(body.length), body);
    }

    /// The length counts its own bytes: one byte holds 6 bits, two to four hold 4 bits and 8 more a byte.
    private static byte[] packageLength(int content) {
        if (content + 1 < 1 << 6) {
            return bytes(content + 1);
        }
        int more = content + 2 < 1 << 12 ? 1 : content + 3 < 1 << 20 ? 2 : 3;
        int length = content + 1 + more;
        var out = new byte[1 + more];
        out[0] = (byte) (more << 6 | length & 0xF);
        for (int i = 0; i < more; i++) {
            out[1 + i] = (byte) (length >> 4 + 8 * i);
        }
        return out;
    }

    /// A path such as `\_SB.PCI0`; segments are padded to four letters.
    static byte[] path(String text) {
        var out = new ByteArrayOutputStream();
        String rest = text;
        if (rest.startsWith("\\")) {
            out.write('\\');
            rest = rest.substring(1);
        }
        String[] segments = rest.split("\\.", -1);
        switch (segments.length) {
            case 1 -> {}
            case 2 -> out.write(0x2E);
            default -> {
                out.write(0x2F);
                out.write(segments.length);
            }
        }
        for (var segment : segments) {
            out.writeBytes((segment + "____").substring(0, 4).getBytes(StandardCharsets.US_ASCII));
        }
        return out.toByteArray();
    }

    static byte[] integer(long value) {
        if (value == 0 || value == 1) {
            return bytes((int) value);
        }
        if (value >>> 8 == 0) {
            return bytes(0x0A, (int) value);
        }
        if (value >>> 16 == 0) {
            return bytes(0x0B, (int) value, (int) (value >> 8));
        }
        if (value >>> 32 == 0) {
            return bytes(0x0C, (int) value, (int) (value >> 8), (int) (value >> 16), (int) (value >> 24));
        }
        var out = new byte[9];
        out[0] = 0x0E;
        for (int i = 0; i < 8; i++) {
            out[1 + i] = (byte) (value >> 8 * i);
        }
        return out;
    }

    static byte[] string(String text) {
        return join(bytes(0x0D), text.getBytes(StandardCharsets.US_ASCII), bytes(0));
    }

    static byte[] buffer(byte[] content) {
        return sized(bytes(0x11), integer(content.length), content);
    }

    static byte[] pack(byte[]... elements) {
        return sized(bytes(0x12), bytes(elements.length), join(elements));
    }

    static byte[] name(String path, byte[] value) {
        return join(bytes(0x08), path(path), value);
    }

    static byte[] scope(String path, byte[]... terms) {
        return sized(bytes(0x10), path(path), join(terms));
    }

    static byte[] device(String path, byte[]... terms) {
        return sized(bytes(EXT, 0x82), path(path), join(terms));
    }

    /// A method that only one thread runs at a time.
    static byte[] serializedMethod(String path, int arguments, byte[]... terms) {
        return sized(bytes(0x14), path(path), bytes(arguments | 8), join(terms));
    }

    static byte[] createDwordField(byte[] source, int offset, String name) {
        return join(bytes(0x8A), source, integer(offset), path(name));
    }

    static byte[] iff(byte[] condition, byte[]... terms) {
        return sized(bytes(0xA0), condition, join(terms));
    }

    static byte[] otherwise(byte[]... terms) {
        return sized(bytes(0xA1), join(terms));
    }

    static byte[] equal(byte[] left, byte[] right) {
        return join(bytes(0x93), left, right);
    }

    static byte[] not(byte[] operand) {
        return join(bytes(0x92), operand);
    }

    static byte[] store(byte[] value, byte[] target) {
        return join(bytes(0x70), value, target);
    }

    static byte[] and(byte[] left, byte[] right, byte[] target) {
        return join(bytes(0x7B), left, right, target);
    }

    static byte[] or(byte[] left, byte[] right, byte[] target) {
        return join(bytes(0x7D), left, right, target);
    }

    static byte[] giveBack(byte[] value) {
        return join(bytes(0xA4), value);
    }

    /// A plug-and-play id such as PNP0A08: three letters of 5 bits and four hexadecimal digits, big-endian.
    static byte[] eisaId(String id) {
        int value = (id.charAt(0) - 0x40) << 26
                | (id.charAt(1) - 0x40) << 21
                | (id.charAt(2) - 0x40) << 16
                | Integer.parseInt(id.substring(3), 16);
        return integer(Integer.reverseBytes(value) & 0xFFFF_FFFFL);
    }

    /// A UUID as ACPI stores it: the first three groups little-endian.
    static byte[] uuid(String text) {
        var uuid = UUID.fromString(text);
        long high = uuid.getMostSignificantBits();
        var out = new byte[16];
        for (int i = 0; i < 4; i++) {
            out[i] = (byte) (high >> 32 + 8 * i);
        }
        for (int i = 0; i < 2; i++) {
            out[4 + i] = (byte) (high >> 16 + 8 * i);
            out[6 + i] = (byte) (high >> 8 * i);
        }
        for (int i = 0; i < 8; i++) {
            out[8 + i] = (byte) (uuid.getLeastSignificantBits() >> 56 - 8 * i);
        }
        return buffer(out);
    }
}
