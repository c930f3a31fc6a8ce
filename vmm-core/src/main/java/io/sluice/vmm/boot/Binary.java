package io.sluice.vmm.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// A file's bytes, little-endian, every read checked: past the end is a [BootException] that says what was read.
final class Binary {
    private final String what;
    private final byte[] bytes;
    private final ByteBuffer buffer;

    /// @param what the subject of messages, such as "kernel image"
    Binary(String what, byte[] bytes) {
        this.what = what;
        this.bytes = bytes;
        this.buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    int length() {
        return bytes.length;
    }

    byte[] bytes() {
        return bytes;
    }

    boolean holds(long offset, long length) {
        return offset >= 0 && length >= 0 && length <= bytes.length && offset <= bytes.length - length;
    }

    /// `offset` as an index, once `length` bytes are known to be there.
    int require(String part, long offset, long length) {
        if (!holds(offset, length)) {
            throw new BootException(what + " is truncated: " + part + " takes " + Long.toUnsignedString(length)
                    + " bytes at offset " + Long.toUnsignedString(offset) + ", file has " + bytes.length);
        }
        return (int) offset;
    }

    int u8(String part, long offset) {
        return buffer.get(require(part, offset, 1)) & 0xFF;
    }

    int u16(String part, long offset) {
        return buffer.getShort(require(part, offset, 2)) & 0xFFFF;
    }

    int i32(String part, long offset) {
        return buffer.getInt(require(part, offset, 4));
    }

    long u32(String part, long offset) {
        return i32(part, offset) & 0xFFFF_FFFFL;
    }

    long u64(String part, long offset) {
        return buffer.getLong(require(part, offset, 8));
    }

    boolean startsWith(int offset, byte... expected) {
        if (!holds(offset, expected.length)) {
            return false;
        }
        for (int i = 0; i < expected.length; i++) {
            if (bytes[offset + i] != expected[i]) {
                return false;
            }
        }
        return true;
    }

    BootException malformed(String why) {
        return new BootException(what + " is malformed: " + why);
    }

    /// ASCII text with the zero byte that ends it.
    static byte[] cString(String text) {
        return (text + "\0").getBytes(StandardCharsets.UTF_8);
    }

    /// A zeroed little-endian buffer.
    static ByteBuffer allocate(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
