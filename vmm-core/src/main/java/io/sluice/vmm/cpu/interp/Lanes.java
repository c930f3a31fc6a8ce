package io.sluice.vmm.cpu.interp;

/// Arithmetic on the lanes of 64 bits, without a branch where the carry can be kept inside its lane.
final class Lanes {
    private static final long TOP8 = 0x8080808080808080L;
    private static final long TOP16 = 0x8000800080008000L;
    private static final long TOP32 = 0x8000000080000000L;

    private Lanes() {}

    /// One lane of a result from two lanes; operands are sign-extended.
    interface Lane {
        long apply(long a, long b);
    }

    /// Lane by lane, operands sign-extended from `bits`.
    static long signed(int bits, long a, long b, Lane lane) {
        long result = 0;
        long mask = bits == 64 ? -1L : (1L << bits) - 1;
        for (int at = 0; at < 64; at += bits) {
            long x = a << 64 - bits - at >> 64 - bits;
            long y = b << 64 - bits - at >> 64 - bits;
            result |= (lane.apply(x, y) & mask) << at;
        }
        return result;
    }

    /// Lane by lane, operands zero-extended from `bits`.
    static long unsigned(int bits, long a, long b, Lane lane) {
        long result = 0;
        long mask = (1L << bits) - 1;
        for (int at = 0; at < 64; at += bits) {
            result |= (lane.apply(a >>> at & mask, b >>> at & mask) & mask) << at;
        }
        return result;
    }

    private static long add(long a, long b, long top) {
        return (a & ~top) + (b & ~top) ^ (a ^ b) & top;
    }

    private static long sub(long a, long b, long top) {
        return (a | top) - (b & ~top) ^ (a ^ ~b) & top;
    }

    static long addB(long a, long b) {
        return add(a, b, TOP8);
    }

    static long addW(long a, long b) {
        return add(a, b, TOP16);
    }

    static long addD(long a, long b) {
        return add(a, b, TOP32);
    }

    static long subB(long a, long b) {
        return sub(a, b, TOP8);
    }

    static long subW(long a, long b) {
        return sub(a, b, TOP16);
    }

    static long subD(long a, long b) {
        return sub(a, b, TOP32);
    }

    static long equalB(long a, long b) {
        long nonZero = (((a ^ b) & ~TOP8) + ~TOP8 | a ^ b) & TOP8;
        long ones = (~nonZero & TOP8) >>> 7;
        return (ones << 8) - ones;
    }

    static long equalW(long a, long b) {
        return signed(16, a, b, (x, y) -> x == y ? -1 : 0);
    }

    static long equalD(long a, long b) {
        return signed(32, a, b, (x, y) -> x == y ? -1 : 0);
    }

    static long greaterB(long a, long b) {
        return signed(8, a, b, (x, y) -> x > y ? -1 : 0);
    }

    static long minUB(long a, long b) {
        // Bytes in which a < b: borrow of a - b, spread over the byte.
        long borrow = (~a & b | (~a | b) & subB(a, b)) & TOP8;
        long less = (borrow >>> 7) * 0xFF;
        return a & less | b & ~less;
    }

    static long maxUB(long a, long b) {
        long borrow = (~a & b | (~a | b) & subB(a, b)) & TOP8;
        long less = (borrow >>> 7) * 0xFF;
        return b & less | a & ~less;
    }

    static long saturate(long value, long least, long most) {
        return Math.max(least, Math.min(most, value));
    }

    /// The top bits of the 8 bytes, byte 0 lowest.
    static int signsB(long a) {
        return (int) ((a & TOP8) * 0x02040810204081L >>> 56) & 0xFF;
    }

    static long sumOfDifferences(long a, long b) {
        long sum = 0;
        for (int at = 0; at < 64; at += 8) {
            sum += Math.abs((a >>> at & 0xFF) - (b >>> at & 0xFF));
        }
        return sum;
    }

    /// Four 16-bit lanes to four bytes.
    static long packW(long a, boolean toUnsigned) {
        long least = toUnsigned ? 0 : -128;
        long most = toUnsigned ? 255 : 127;
        long result = 0;
        for (int i = 0; i < 4; i++) {
            result |= (saturate((short) (a >>> 16 * i), least, most) & 0xFF) << 8 * i;
        }
        return result;
    }

    /// Two 32-bit lanes to two 16-bit ones.
    static long packD(long a, boolean toUnsigned) {
        long least = toUnsigned ? 0 : -32768;
        long most = toUnsigned ? 65535 : 32767;
        return saturate((int) a, least, most) & 0xFFFF | (saturate((int) (a >>> 32), least, most) & 0xFFFF) << 16;
    }

    /// Interleaves the low 32 bits of each: lanes of `bits`, a's first.
    static long interleave(int bits, long a, long b) {
        long result = 0;
        long mask = (1L << bits) - 1;
        for (int i = 0; i < 32 / bits; i++) {
            result |= (a >>> bits * i & mask) << 2 * bits * i;
            result |= (b >>> bits * i & mask) << 2 * bits * i + bits;
        }
        return result;
    }

    /// Pairs of 16-bit products, summed.
    static long multiplyAdd(long a, long b) {
        long low = (short) a * (long) (short) b + (short) (a >>> 16) * (long) (short) (b >>> 16);
        long high = (short) (a >>> 32) * (long) (short) (b >>> 32) + (short) (a >>> 48) * (long) (short) (b >>> 48);
        return low & 0xFFFF_FFFFL | high << 32;
    }

    /// Unsigned bytes of `a` times signed bytes of `b`, pairs summed and saturated to 16 bits.
    static long multiplyAddBytes(long a, long b) {
        long result = 0;
        for (int at = 0; at < 64; at += 16) {
            long sum = (a >>> at & 0xFF) * (byte) (b >>> at) + (a >>> at + 8 & 0xFF) * (byte) (b >>> at + 8);
            result |= (saturate(sum, -32768, 32767) & 0xFFFF) << at;
        }
        return result;
    }

    /// Shifts each lane; a count beyond the lane gives zero, or its sign for the arithmetic shift.
    static long shift(int bits, long a, long count, char kind) {
        boolean far = Long.compareUnsigned(count, bits - 1) > 0;
        if (kind == 'a') {
            int n = far ? bits - 1 : (int) count;
            return signed(bits, a, 0, (x, y) -> x >> n);
        }
        if (far) {
            return 0;
        }
        int n = (int) count;
        if (bits == 64) {
            return kind == 'l' ? a << n : a >>> n;
        }
        long lane = (1L << bits) - 1;
        long kept = kind == 'l' ? lane << n & lane : lane >>> n;
        long mask = 0;
        for (int at = 0; at < 64; at += bits) {
            mask |= kept << at;
        }
        return (kind == 'l' ? a << n : a >>> n) & mask;
    }
}
