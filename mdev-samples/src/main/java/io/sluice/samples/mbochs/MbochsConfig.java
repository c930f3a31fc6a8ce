package io.sluice.samples.mbochs;

/// Configuration space: what it reads after reset, and which bits the user may write. What is not listed is 0 and
/// read-only. There are no capabilities and no interrupt pin.
final class MbochsConfig {
    /// The region is one byte shorter than PCI's 256.
    static final int SIZE = 0xFF;

    /// A register of 2 or 4 bytes.
    private record Entry(int offset, int size, int value) {}

    private static final Entry[] TABLE = {
        new Entry(0x00, 4, 0x1111_1234),
        new Entry(0x04, 2, 0x0003), // command: I/O and memory, whatever is written
        new Entry(0x08, 4, 0x0380_0001), // class display, other; revision 1
        new Entry(0x10, 4, 0x0000_0008), // 32 bits, prefetchable
        new Entry(0x18, 4, 0x0000_0000), // 32 bits
        new Entry(0x2C, 4, 0x1100_1AF4),
    };
    private static final int MEMORY_BAR = 0x10;
    private static final int REGISTERS_BAR = 0x18;

    private final int memory;
    private final byte[] values = new byte[256];

    /// @param memory bytes of video memory
    MbochsConfig(int memory) {
        this.memory = memory;
        reset();
    }

    void reset() {
        for (var entry : TABLE) {
            for (int i = 0; i < entry.size; i++) {
                values[entry.offset + i] = (byte) (entry.value >> 8 * i);
            }
        }
    }

    int readByte(int offset) {
        return values[offset] & 0xFF;
    }

    /// The BARs alone can be written, in their address bits.
    void writeByte(int offset, int value) {
        int mask = switch (offset & ~3) {
            case MEMORY_BAR -> -memory >> 8 * (offset & 3) & 0xFF;
            case REGISTERS_BAR -> -MbochsDevice.REGISTERS_SIZE >> 8 * (offset & 3) & 0xFF;
            default -> 0;
        };
        values[offset] = (byte) (values[offset] & ~mask | value & mask);
    }
}
