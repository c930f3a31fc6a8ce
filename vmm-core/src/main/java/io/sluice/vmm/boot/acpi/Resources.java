package io.sluice.vmm.boot.acpi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Resource descriptors for `_CRS` (ACPI 6.4, section 6.4). Ranges are `first..last`.
final class Resources {
    /// Producer, positive decode, minimum and maximum fixed.
    private static final int FIXED_BOTH = 0x0C;

    private static final int TYPE_MEMORY = 0;
    private static final int TYPE_IO = 1;
    private static final int TYPE_BUS = 2;
    private static final int READ_WRITE = 1;
    private static final int WHOLE_RANGE = 3;

    private Resources() {}

    /// A buffer of descriptors with the end tag; checksum 0 means "not used".
    static byte[] template(byte[]... descriptors) {
        return Aml.buffer(Aml.join(Aml.join(descriptors), new byte[] {0x79, 0}));
    }

    /// Ports that the device decodes with all 16 address bits.
    static byte[] ports(int first, int length) {
        return le(8).put((byte) 0x47)
                .put((byte) 1)
                .putShort((short) first)
                .putShort((short) first)
                .put((byte) 1)
                .put((byte) length)
                .array();
    }

    /// An edge-triggered, active-high ISA interrupt.
    static byte[] irq(int line) {
        return le(3).put((byte) 0x22).putShort((short) (1 << line)).array();
    }

    static byte[] memory32(long first, long length) {
        return le(12).put((byte) 0x86)
                .putShort((short) 9)
                .put((byte) READ_WRITE)
                .putInt((int) first)
                .putInt((int) length)
                .array();
    }

    static byte[] busWindow(int first, int last) {
        return window16(TYPE_BUS, 0, first, last);
    }

    static byte[] portWindow(int first, int last) {
        return window16(TYPE_IO, WHOLE_RANGE, first, last);
    }

    private static byte[] window16(int type, int flags, int first, int last) {
        return le(16).put((byte) 0x88)
                .putShort((short) 13)
                .put((byte) type)
                .put((byte) FIXED_BOTH)
                .put((byte) flags)
                .putShort((short) 0)
                .putShort((short) first)
                .putShort((short) last)
                .putShort((short) 0)
                .putShort((short) (last - first + 1))
                .array();
    }

    static byte[] memoryWindow32(AcpiConfig.Window window) {
        return le(26).put((byte) 0x87)
                .putShort((short) 23)
                .put((byte) TYPE_MEMORY)
                .put((byte) FIXED_BOTH)
                .put((byte) READ_WRITE)
                .putInt(0)
                .putInt((int) window.first())
                .putInt((int) window.last())
                .putInt(0)
                .putInt((int) window.length())
                .array();
    }

    static byte[] memoryWindow64(AcpiConfig.Window window) {
        return le(46).put((byte) 0x8A)
                .putShort((short) 43)
                .put((byte) TYPE_MEMORY)
                .put((byte) FIXED_BOTH)
                .put((byte) READ_WRITE)
                .putLong(0)
                .putLong(window.first())
                .putLong(window.last())
                .putLong(0)
                .putLong(window.length())
                .array();
    }

    private static ByteBuffer le(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
