package io.sluice.vmm.memory;

import jdk.internal.misc.Unsafe;

/// The one accessor of guest memory by host address. Little-endian, any alignment, no allocation.
///
/// The addresses come from [GuestRam] and [HostBuffer] only. With `-Dsluice.memory.checked=true` every access is
/// checked against the live RAM of this process first (the tests of translated code run so); without it a wrong
/// address ends the JVM.
public final class HostMemory {
    private static final Unsafe U = Unsafe.getUnsafe();
    private static final boolean CHECKED = Boolean.getBoolean("sluice.memory.checked");

    private HostMemory() {}

    /// Whether accesses are checked in this process; if not, who writes them out itself leaves out nothing.
    public static boolean isChecked() {
        return CHECKED;
    }

    private static void check(long address, int size) {
        if (CHECKED) {
            LiveRam.check(address, size);
        }
    }

    /// Zero-extended byte.
    public static int getByte(long address) {
        check(address, 1);
        return U.getByte(address) & 0xFF;
    }

    /// Zero-extended 16 bits.
    public static int getShort(long address) {
        check(address, 2);
        return U.getShort(address) & 0xFFFF;
    }

    public static int getInt(long address) {
        check(address, 4);
        return U.getInt(address);
    }

    public static long getLong(long address) {
        check(address, 8);
        return U.getLong(address);
    }

    public static void putByte(long address, int value) {
        check(address, 1);
        U.putByte(address, (byte) value);
    }

    public static void putShort(long address, int value) {
        check(address, 2);
        U.putShort(address, (short) value);
    }

    public static void putInt(long address, int value) {
        check(address, 4);
        U.putInt(address, value);
    }

    public static void putLong(long address, long value) {
        check(address, 8);
        U.putLong(address, value);
    }

    public static boolean compareAndSetByte(long address, int expected, int value) {
        check(address, 1);
        return U.compareAndSetByte(null, address, (byte) expected, (byte) value);
    }

    /// The address is within one aligned 32-bit word.
    public static boolean compareAndSetShort(long address, int expected, int value) {
        check(address, 2);
        return U.compareAndSetShort(null, address, (short) expected, (short) value);
    }

    public static boolean compareAndSetInt(long address, int expected, int value) {
        check(address, 4);
        return U.compareAndSetInt(null, address, expected, value);
    }

    public static boolean compareAndSetLong(long address, long expected, long value) {
        check(address, 8);
        return U.compareAndSetLong(null, address, expected, value);
    }

    /// Copies from guest memory into an array.
    public static void copy(long address, byte[] target, int offset, int length) {
        check(address, length);
        U.copyMemory(
                null,
                address,
                target,
                Unsafe.ARRAY_BYTE_BASE_OFFSET
                        + (long) java.util.Objects.checkFromIndexSize(offset, length, target.length),
                length);
    }

    /// Copies from an array into guest memory.
    public static void copy(byte[] source, int offset, long address, int length) {
        check(address, length);
        U.copyMemory(
                source,
                Unsafe.ARRAY_BYTE_BASE_OFFSET
                        + (long) java.util.Objects.checkFromIndexSize(offset, length, source.length),
                null,
                address,
                length);
    }

    public static void fill(long address, long length, int value) {
        if (CHECKED) {
            LiveRam.check(address, length);
        }
        U.setMemory(address, length, (byte) value);
    }

    /// Copies between two places that do not overlap.
    public static void copy(long source, long target, long length) {
        if (CHECKED) {
            LiveRam.check(source, length);
            LiveRam.check(target, length);
        }
        U.copyMemory(source, target, length);
    }

    /// Whether two places hold the same bytes.
    public static boolean same(long one, long other, long length) {
        if (CHECKED) {
            LiveRam.check(one, length);
            LiveRam.check(other, length);
        }
        long done = 0;
        for (; done <= length - 8; done += 8) {
            if (U.getLong(one + done) != U.getLong(other + done)) {
                return false;
            }
        }
        for (; done < length; done++) {
            if (U.getByte(one + done) != U.getByte(other + done)) {
                return false;
            }
        }
        return true;
    }

    // ---- by size

    /// `size` bytes, zero-extended.
    public static long get(long address, int size) {
        return switch (size) {
            case 1 -> getByte(address);
            case 2 -> getShort(address);
            case 4 -> getInt(address) & 0xFFFF_FFFFL;
            case 8 -> getLong(address);
            default -> throw new IllegalArgumentException("no such access size: " + size);
        };
    }

    public static void put(long address, int size, long value) {
        switch (size) {
            case 1 -> putByte(address, (int) value);
            case 2 -> putShort(address, (int) value);
            case 4 -> putInt(address, (int) value);
            case 8 -> putLong(address, value);
            default -> throw new IllegalArgumentException("no such access size: " + size);
        }
    }
}
