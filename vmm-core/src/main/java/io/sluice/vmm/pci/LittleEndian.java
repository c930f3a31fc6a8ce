package io.sluice.vmm.pci;

/// Little-endian numbers of 1 to 8 bytes in an array.
public final class LittleEndian {
    private LittleEndian() {}

    public static long get(byte[] bytes, int at, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (bytes[at + i] & 0xFFL) << 8 * i;
        }
        return value;
    }

    public static void put(byte[] bytes, int at, int size, long value) {
        for (int i = 0; i < size; i++) {
            bytes[at + i] = (byte) (value >> 8 * i);
        }
    }
}
