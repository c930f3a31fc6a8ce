package io.sluice.vmm.pci;

/// The bytes of one function's configuration space, each with its writable and its write-1-to-clear bits.
/// Offsets are bytes, values little-endian, any alignment. Knows no meaning.
final class ConfigSpace {
    static final int CONVENTIONAL = 256;
    static final int EXTENDED = 4096;

    private final byte[] values = new byte[EXTENDED];
    private final byte[] writable = new byte[EXTENDED];
    private final byte[] clearable = new byte[EXTENDED];
    private byte[] reset = new byte[EXTENDED];

    /// Declares a register of 1 to 4 bytes.
    void define(int offset, int size, int value, int writableBits, int clearableBits) {
        for (int i = 0; i < size; i++) {
            values[offset + i] = (byte) (value >> 8 * i);
            writable[offset + i] = (byte) (writableBits >> 8 * i);
            clearable[offset + i] = (byte) (clearableBits >> 8 * i);
        }
    }

    /// What is there now is what [#reset] brings back.
    void keepAsReset() {
        reset = values.clone();
    }

    void reset() {
        System.arraycopy(reset, 0, values, 0, EXTENDED);
    }

    int get8(int offset) {
        return values[offset] & 0xFF;
    }

    int get16(int offset) {
        return get8(offset) | get8(offset + 1) << 8;
    }

    int get32(int offset) {
        return get16(offset) | get16(offset + 2) << 16;
    }

    /// Zero-extended value of 1, 2 or 4 bytes; what lies beyond the space is all ones.
    int get(int offset, int size) {
        int value = 0;
        for (int i = 0; i < size; i++) {
            value |= (offset + i < EXTENDED ? get8(offset + i) : 0xFF) << 8 * i;
        }
        return value;
    }

    /// Sets a register whatever its masks are: the function's own side.
    void set(int offset, int size, int value) {
        for (int i = 0; i < size; i++) {
            values[offset + i] = (byte) (value >> 8 * i);
        }
    }

    /// The guest's side: masks apply.
    void write(int offset, int size, int value) {
        for (int i = 0; i < size && offset + i < EXTENDED; i++) {
            int at = offset + i;
            int written = value >> 8 * i & 0xFF;
            int mask = writable[at] & 0xFF;
            int next = get8(at) & ~mask | written & mask;
            values[at] = (byte) (next & ~(written & clearable[at]));
        }
    }

    byte[] copy(int length) {
        return java.util.Arrays.copyOf(values, length);
    }
}
