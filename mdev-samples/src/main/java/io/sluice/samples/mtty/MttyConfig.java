package io.sluice.samples.mtty;

import java.nio.charset.StandardCharsets;

/// The card's configuration space: what it reads after reset, and which bits the user may write. What is not listed
/// is 0 and read-only.
final class MttyConfig {
    /// The region is one byte shorter than PCI's 256.
    static final int SIZE = 0xFF;

    private static final int BAR_SIZE = UartReg.COUNT;

    /// A register of 1 to 4 bytes.
    private record Entry(int offset, int size, int value, int writable) {}

    private static final Entry[] TABLE = {
        new Entry(0x00, 4, 0x3253_4348, 0), // WCH CH352, two ports
        new Entry(0x04, 2, 0x0001, 0), // command: I/O, whatever is written
        new Entry(0x06, 2, 0x0200, 0), // status: medium decode, no capabilities
        new Entry(0x08, 4, 0x0700_0210, 0), // class serial, 16550; revision 0x10
        new Entry(0x10, 4, 0x0000_0001, -BAR_SIZE),
        new Entry(0x2C, 4, 0x3253_4348, 0),
        new Entry(0x3C, 1, 0, 0xFF), // interrupt line
        new Entry(0x3D, 1, 1, 0), // INTA
        new Entry(0x40, 1, 0x23, 0), // vendor data, as the real card has it
        new Entry(0x43, 1, 0x80, 0),
        new Entry(0x44, 1, 0x23, 0),
        new Entry(0x48, 1, 0x23, 0),
        new Entry(0x4C, 1, 0x23, 0),
    };
    private static final Entry SECOND_PORT = new Entry(0x14, 4, 0x0000_0001, -BAR_SIZE);
    private static final int LABEL_AT = 0x60;
    private static final byte[] LABEL = "PCI Serial/UART".getBytes(StandardCharsets.US_ASCII);

    private final int ports;
    private final byte[] values = new byte[256];
    private final byte[] writable = new byte[256];

    MttyConfig(int ports) {
        this.ports = ports;
        reset();
    }

    void reset() {
        for (var entry : TABLE) {
            define(entry);
        }
        if (ports == 2) {
            define(SECOND_PORT);
        }
        System.arraycopy(LABEL, 0, values, LABEL_AT, LABEL.length);
    }

    private void define(Entry entry) {
        for (int i = 0; i < entry.size; i++) {
            values[entry.offset + i] = (byte) (entry.value >> 8 * i);
            writable[entry.offset + i] = (byte) (entry.writable >> 8 * i);
        }
    }

    int readByte(int offset) {
        return values[offset] & 0xFF;
    }

    void writeByte(int offset, int value) {
        int mask = writable[offset];
        values[offset] = (byte) (values[offset] & ~mask | value & mask);
    }
}
