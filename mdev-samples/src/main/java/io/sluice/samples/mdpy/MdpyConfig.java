package io.sluice.samples.mdpy;

import io.sluice.vfio.vfio.GfxPlane;

/// Configuration space: what it reads after reset, and which bits the user may write. What is not listed is 0 and
/// read-only.
final class MdpyConfig {
    /// The region is one byte shorter than PCI's 256.
    static final int SIZE = 0xFF;

    private static final int BAR = 0x10;
    /// 32 bits, prefetchable.
    private static final int BAR_FLAGS = 0x8;

    /// A register of 1 to 4 bytes.
    private record Entry(int offset, int size, int value) {}

    private static final Entry[] TABLE = {
        new Entry(0x00, 4, 0x000F_1B36),
        new Entry(0x04, 2, 0x0003), // command: I/O and memory, whatever is written
        new Entry(0x06, 2, 0x0010), // status: capabilities
        new Entry(0x08, 4, 0x0380_0001), // class display, other; revision 1
        new Entry(0x2C, 4, 0x1100_1AF4),
        new Entry(0x34, 1, 0x40),
        new Entry(0x40, 3, 0x10_00_09), // vendor capability, 16 bytes, the last: format, width, height
        new Entry(0x44, 4, GfxPlane.XR24),
    };
    private static final int WIDTH = 0x48;
    private static final int HEIGHT = 0x4C;

    private final MdpyMode mode;
    private final byte[] values = new byte[256];

    MdpyConfig(MdpyMode mode) {
        this.mode = mode;
        reset();
    }

    void reset() {
        for (var entry : TABLE) {
            put(entry.offset, entry.size, entry.value);
        }
        put(BAR, 4, BAR_FLAGS);
        put(WIDTH, 4, mode.width);
        put(HEIGHT, 4, mode.height);
    }

    private void put(int offset, int size, int value) {
        for (int i = 0; i < size; i++) {
            values[offset + i] = (byte) (value >> 8 * i);
        }
    }

    int readByte(int offset) {
        return values[offset] & 0xFF;
    }

    /// The BAR alone can be written, in its address bits.
    void writeByte(int offset, int value) {
        if (offset >= BAR && offset < BAR + 4) {
            int mask = -mode.memory() >> 8 * (offset - BAR) & 0xFF;
            values[offset] = (byte) (values[offset] & ~mask | value & mask);
        }
    }
}
