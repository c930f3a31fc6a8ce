package io.sluice.vmm.cpu.fp;

/// Division and square root of 128-bit integers in two longs.
final class Wide {
    private Wide() {}

    /// Quotient of `high:low` by `divisor`, all unsigned; bit 63 of the divisor is set and `high < divisor`, so it
    /// fits.
    /// Two digits of 32 bits, each estimated from the divisor's upper half and corrected downwards.
    static long divide(long high, long low, long divisor) {
        long first = digit(high, low >>> 32, divisor);
        long rest = (high << 32 | low >>> 32) - first * divisor;
        long second = digit(rest, low & 0xFFFF_FFFFL, divisor);
        return first << 32 | second;
    }

    /// One 32-bit digit of `rest:next` by `divisor` where `rest < divisor`.
    private static long digit(long rest, long next, long divisor) {
        long top = divisor >>> 32;
        long bottom = divisor & 0xFFFF_FFFFL;
        long q = Long.divideUnsigned(rest, top);
        long r = rest - q * top;
        while (q >>> 32 != 0 || Long.compareUnsigned(q * bottom, r << 32 | next) > 0) {
            q--;
            r += top;
            if (r >>> 32 != 0) {
                break;
            }
        }
        return q;
    }

    /// Integer square root of the unsigned 128-bit `high:low`, whose root fills 64 bits (`high >= 2^62`).
    static long squareRoot(long high, long low) {
        double estimate = Math.sqrt(unsigned(high)) * 0x1p32;
        // Below the root for certain, by less than 2^14.
        long root = (long) (estimate * 0.5) - 0x1000 << 1;
        long squareLow = root * root;
        long restHigh =
                high - Math.unsignedMultiplyHigh(root, root) - (Long.compareUnsigned(low, squareLow) < 0 ? 1 : 0);
        long restLow = low - squareLow;
        double rest = restHigh * 0x1p64 + unsigned(restLow);
        long candidate = root + (long) (rest / (2 * unsigned(root))) + 2;
        if (Long.compareUnsigned(candidate, root) < 0) {
            candidate = -1;
        }
        while (squareExceeds(candidate, high, low)) {
            candidate--;
        }
        return candidate;
    }

    private static boolean squareExceeds(long root, long high, long low) {
        int order = Long.compareUnsigned(Math.unsignedMultiplyHigh(root, root), high);
        return order > 0 || order == 0 && Long.compareUnsigned(root * root, low) > 0;
    }

    private static double unsigned(long value) {
        return value >= 0 ? value : (value >>> 1 | value & 1) * 2.0;
    }
}
