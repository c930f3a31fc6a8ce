package io.sluice.vmm.cpu.interp;

/// Integer lanes within 64 bits. `H` is a constant with the top bit of every lane; the lane's width follows from it.
final class SseLanes {
    static final long H8 = 0x8080_8080_8080_8080L;
    static final long H16 = 0x8000_8000_8000_8000L;
    static final long H32 = 0x8000_0000_8000_0000L;

    private SseLanes() {}

    static long add(long a, long b, long h) {
        return (a & ~h) + (b & ~h) ^ (a ^ b) & h;
    }

    static long sub(long a, long b, long h) {
        return (a | h) - (b & ~h) ^ (a ^ ~b) & h;
    }

    /// From the top bit of each lane to the whole lane.
    static long spread(long tops, int width) {
        return (tops << 1) - (tops >>> (width - 1));
    }

    static long equal(long a, long b, long h, int width) {
        long x = a ^ b;
        return spread(~((x & ~h) + ~h | x) & h, width);
    }

    /// Lanes where `a` is below `b`, unsigned.
    static long below(long a, long b, long h, int width) {
        return spread((~a & b | ~(a ^ b) & sub(a, b, h)) & h, width);
    }

    static long less(long a, long b, long h, int width) {
        return below(a ^ h, b ^ h, h, width);
    }

    static long select(long mask, long ones, long zeros) {
        return ones & mask | zeros & ~mask;
    }

    static long addUnsignedSaturating(long a, long b, long h, int width) {
        long sum = add(a, b, h);
        return sum | spread((a & b | (a | b) & ~sum) & h, width);
    }

    static long subUnsignedSaturating(long a, long b, long h, int width) {
        return sub(a, b, h) & ~below(a, b, h, width);
    }

    static long addSaturating(long a, long b, long h, int width) {
        long sum = add(a, b, h);
        return saturate(a, sum, ~(a ^ b) & (a ^ sum) & h, h, width);
    }

    static long subSaturating(long a, long b, long h, int width) {
        long difference = sub(a, b, h);
        return saturate(a, difference, (a ^ b) & (a ^ difference) & h, h, width);
    }

    private static long saturate(long a, long value, long overflow, long h, int width) {
        long limit = ~h + ((a & h) >>> (width - 1));
        return select(spread(overflow, width), limit, value);
    }

    static long average(long a, long b, long h) {
        // Lane by lane: (a | b) is never less than half of what differs.
        return (a | b) - ((a ^ b) >>> 1 & ~h);
    }

    static long absolute(long a, long h, int width) {
        long negative = spread(a & h, width);
        return sub(a ^ negative, negative, h);
    }

    /// PSIGN: `a` negated, cleared or kept, by the sign of `b`.
    static long sign(long a, long b, long h, int width) {
        long negative = spread(b & h, width);
        return sub(a ^ negative, negative, h) & ~equal(b, 0, h, width);
    }

    // ---- lanes one by one

    static int word(long a, int i) {
        return (short) (a >>> 16 * i);
    }

    static int unsignedWord(long a, int i) {
        return (int) (a >>> 16 * i) & 0xFFFF;
    }

    static int signedByte(long a, int i) {
        return (byte) (a >>> 8 * i);
    }

    static int unsignedByte(long a, int i) {
        return (int) (a >>> 8 * i) & 0xFF;
    }

    static long words(int w0, int w1, int w2, int w3) {
        return w0 & 0xFFFFL | (w1 & 0xFFFFL) << 16 | (w2 & 0xFFFFL) << 32 | (long) w3 << 48;
    }

    static long dwords(int low, int high) {
        return low & 0xFFFF_FFFFL | (long) high << 32;
    }

    static int low(long a) {
        return (int) a;
    }

    static int high(long a) {
        return (int) (a >>> 32);
    }

    static long mulLowWords(long a, long b) {
        return words(
                word(a, 0) * word(b, 0), word(a, 1) * word(b, 1), word(a, 2) * word(b, 2), word(a, 3) * word(b, 3));
    }

    static long mulHighWords(long a, long b) {
        return words(
                word(a, 0) * word(b, 0) >> 16,
                word(a, 1) * word(b, 1) >> 16,
                word(a, 2) * word(b, 2) >> 16,
                word(a, 3) * word(b, 3) >> 16);
    }

    static long mulHighUnsignedWords(long a, long b) {
        return words(
                unsignedWord(a, 0) * unsignedWord(b, 0) >>> 16,
                unsignedWord(a, 1) * unsignedWord(b, 1) >>> 16,
                unsignedWord(a, 2) * unsignedWord(b, 2) >>> 16,
                unsignedWord(a, 3) * unsignedWord(b, 3) >>> 16);
    }

    /// PMULHRSW.
    static long mulRoundedWords(long a, long b) {
        return words(rounded(a, b, 0), rounded(a, b, 1), rounded(a, b, 2), rounded(a, b, 3));
    }

    private static int rounded(long a, long b, int i) {
        return (word(a, i) * word(b, i) >> 14) + 1 >> 1;
    }

    /// PMADDWD.
    static long mulAddWords(long a, long b) {
        return dwords(
                word(a, 0) * word(b, 0) + word(a, 1) * word(b, 1), word(a, 2) * word(b, 2) + word(a, 3) * word(b, 3));
    }

    /// PMADDUBSW: unsigned bytes of `a`, signed bytes of `b`.
    static long mulAddBytes(long a, long b) {
        return words(pair(a, b, 0), pair(a, b, 2), pair(a, b, 4), pair(a, b, 6));
    }

    private static int pair(long a, long b, int i) {
        return saturatedWord(unsignedByte(a, i) * signedByte(b, i) + unsignedByte(a, i + 1) * signedByte(b, i + 1));
    }

    static int saturatedWord(int value) {
        return Math.clamp(value, -0x8000, 0x7FFF);
    }

    /// PSADBW.
    static long sumOfDifferences(long a, long b) {
        long sum = 0;
        for (int i = 0; i < 8; i++) {
            sum += Math.abs(unsignedByte(a, i) - unsignedByte(b, i));
        }
        return sum;
    }

    static long mulLowDwords(long a, long b) {
        return dwords(low(a) * low(b), high(a) * high(b));
    }

    // ---- two halves into one: the lower half of the result from `a`, the upper from `b`

    static long packSignedWords(long a, long b) {
        long r = 0;
        for (int i = 0; i < 4; i++) {
            r |= (Math.clamp(word(a, i), -128, 127) & 0xFFL) << 8 * i;
            r |= (Math.clamp(word(b, i), -128, 127) & 0xFFL) << 8 * i + 32;
        }
        return r;
    }

    static long packUnsignedWords(long a, long b) {
        long r = 0;
        for (int i = 0; i < 4; i++) {
            r |= (long) Math.clamp(word(a, i), 0, 255) << 8 * i;
            r |= (long) Math.clamp(word(b, i), 0, 255) << 8 * i + 32;
        }
        return r;
    }

    static long packSignedDwords(long a, long b) {
        return words(saturatedWord(low(a)), saturatedWord(high(a)), saturatedWord(low(b)), saturatedWord(high(b)));
    }

    static long packUnsignedDwords(long a, long b) {
        return words(
                Math.clamp(low(a), 0, 0xFFFF),
                Math.clamp(high(a), 0, 0xFFFF),
                Math.clamp(low(b), 0, 0xFFFF),
                Math.clamp(high(b), 0, 0xFFFF));
    }

    static long addPairsOfWords(long a, long b) {
        return words(
                word(a, 0) + word(a, 1), word(a, 2) + word(a, 3), word(b, 0) + word(b, 1), word(b, 2) + word(b, 3));
    }

    static long addPairsOfWordsSaturating(long a, long b) {
        return words(
                saturatedWord(word(a, 0) + word(a, 1)),
                saturatedWord(word(a, 2) + word(a, 3)),
                saturatedWord(word(b, 0) + word(b, 1)),
                saturatedWord(word(b, 2) + word(b, 3)));
    }

    static long addPairsOfDwords(long a, long b) {
        return dwords(low(a) + high(a), low(b) + high(b));
    }

    static long subPairsOfWords(long a, long b) {
        return words(
                word(a, 0) - word(a, 1), word(a, 2) - word(a, 3), word(b, 0) - word(b, 1), word(b, 2) - word(b, 3));
    }

    static long subPairsOfWordsSaturating(long a, long b) {
        return words(
                saturatedWord(word(a, 0) - word(a, 1)),
                saturatedWord(word(a, 2) - word(a, 3)),
                saturatedWord(word(b, 0) - word(b, 1)),
                saturatedWord(word(b, 2) - word(b, 3)));
    }

    static long subPairsOfDwords(long a, long b) {
        return dwords(low(a) - high(a), low(b) - high(b));
    }

    // ---- interleaving: even places from `a`, odd ones from `b`; the lower four bytes of each

    static long interleaveBytes(long a, long b) {
        return spreadBytes(a) | spreadBytes(b) << 8;
    }

    private static long spreadBytes(long a) {
        long x = a & 0xFFFF_FFFFL;
        x = (x | x << 16) & 0x0000_FFFF_0000_FFFFL;
        return (x | x << 8) & 0x00FF_00FF_00FF_00FFL;
    }

    static long interleaveWords(long a, long b) {
        return spreadWords(a) | spreadWords(b) << 16;
    }

    private static long spreadWords(long a) {
        long x = a & 0xFFFF_FFFFL;
        return (x | x << 16) & 0x0000_FFFF_0000_FFFFL;
    }

    static long interleaveDwords(long a, long b) {
        return a & 0xFFFF_FFFFL | b << 32;
    }

    // ---- shifts: every lane by the same count, which is unsigned and may be anything

    static long shiftLeftWords(long a, long count) {
        if (count < 0 || count > 15) {
            return 0;
        }
        int n = (int) count;
        return a << n & (0xFFFFL << n & 0xFFFF) * 0x0001_0001_0001_0001L;
    }

    static long shiftRightWords(long a, long count) {
        if (count < 0 || count > 15) {
            return 0;
        }
        int n = (int) count;
        return a >>> n & (0xFFFFL >>> n) * 0x0001_0001_0001_0001L;
    }

    static long shiftArithmeticWords(long a, long count) {
        int n = count < 0 || count > 15 ? 15 : (int) count;
        return words(word(a, 0) >> n, word(a, 1) >> n, word(a, 2) >> n, word(a, 3) >> n);
    }

    static long shiftLeftDwords(long a, long count) {
        if (count < 0 || count > 31) {
            return 0;
        }
        return dwords(low(a) << (int) count, high(a) << (int) count);
    }

    static long shiftRightDwords(long a, long count) {
        if (count < 0 || count > 31) {
            return 0;
        }
        return dwords(low(a) >>> (int) count, high(a) >>> (int) count);
    }

    static long shiftArithmeticDwords(long a, long count) {
        int n = count < 0 || count > 31 ? 31 : (int) count;
        return dwords(low(a) >> n, high(a) >> n);
    }

    static long shiftLeftQword(long a, long count) {
        return count < 0 || count > 63 ? 0 : a << (int) count;
    }

    static long shiftRightQword(long a, long count) {
        return count < 0 || count > 63 ? 0 : a >>> (int) count;
    }

    /// The top bit of each byte, gathered.
    static int byteSigns(long a) {
        return (int) ((a & H8) * 0x0002_0408_1020_4081L >>> 56);
    }
}
