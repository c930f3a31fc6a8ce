package io.sluice.samples.ring;

/// Configuration space: what it reads after reset, and which bits the user may write. What is not listed is 0 and
/// read-only.
final class RingConfig {
    static final int SIZE = 256;
    private static final int COMMAND = 0x04;
    private static final int BUS_MASTER = 1 << 2;
    private static final int INTX_OFF = 1 << 10;

    /// The owner's page.
    static final int BAR0_SIZE = 4096;

    /// A register of 1 to 4 bytes.
    private record Entry(int offset, int size, int value, int writable) {}

    private final Entry[] table;
    private final byte[] values = new byte[SIZE];
    private final byte[] writable = new byte[SIZE];

    /// @param doorbells bytes of BAR 2
    /// @param vectors messages, a power of two
    RingConfig(int doorbells, int vectors) {
        int logVectors = Integer.numberOfTrailingZeros(vectors);
        table = new Entry[] {
            new Entry(0x00, 4, 0x0001_51CE, 0),
            new Entry(COMMAND, 2, 0x0000, 0x0406), // memory, bus master, INTx off
            new Entry(0x06, 2, 0x0010, 0), // capabilities
            new Entry(0x08, 4, 0x1200_0001, 0), // class processing accelerator; revision 1
            new Entry(0x10, 4, 0, -BAR0_SIZE),
            new Entry(0x18, 4, 0, -doorbells),
            new Entry(0x2C, 4, 0x0001_51CE, 0),
            new Entry(0x34, 1, 0x40, 0),
            new Entry(0x3C, 1, 0, 0xFF), // interrupt line
            new Entry(0x3D, 1, 1, 0), // INTA
            new Entry(0x40, 4, 0x0080_0005 | logVectors << 17, 0x0071_0000), // MSI, 64-bit
            new Entry(0x44, 4, 0, -4),
            new Entry(0x48, 4, 0, -1),
            new Entry(0x4C, 2, 0, -1),
        };
        reset();
    }

    void reset() {
        for (var entry : table) {
            for (int i = 0; i < entry.size; i++) {
                values[entry.offset + i] = (byte) (entry.value >> 8 * i);
                writable[entry.offset + i] = (byte) (entry.writable >> 8 * i);
            }
        }
    }

    int readByte(int offset) {
        return values[offset] & 0xFF;
    }

    void writeByte(int offset, int value) {
        int mask = writable[offset];
        values[offset] = (byte) (values[offset] & ~mask | value & mask);
    }

    /// Whether the function may reach memory.
    boolean isBusMaster() {
        return (values[COMMAND] & BUS_MASTER) != 0;
    }

    boolean isPinOff() {
        return (values[COMMAND + 1] << 8 & INTX_OFF) != 0;
    }
}
