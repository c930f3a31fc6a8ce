package io.sluice.vmm.cpu.fp;

import java.util.SplittableRandom;

/// Random operands that favour the edges of a format.
final class Operands {
    private final SplittableRandom random;

    Operands(long seed) {
        random = new SplittableRandom(seed);
    }

    int below(int n) {
        return random.nextInt(n);
    }

    long next() {
        return random.nextLong();
    }

    /// A fraction of `bits` bits, often with long runs.
    private long fraction(int bits) {
        long mask = bits == 64 ? -1 : (1L << bits) - 1;
        return mask
                & switch (random.nextInt(8)) {
                    case 0 -> 0;
                    case 1 -> -1;
                    case 2 -> 1L << random.nextInt(bits);
                    case 3 -> -1L << random.nextInt(bits);
                    case 4 -> -1L >>> random.nextInt(64);
                    case 5 -> random.nextLong() & -1L << random.nextInt(bits);
                    default -> random.nextLong();
                };
    }

    private int exponent(int special, int bias) {
        return switch (random.nextInt(12)) {
            case 0 -> 0;
            case 1 -> special;
            case 2 -> 1 + random.nextInt(3);
            case 3 -> special - 1 - random.nextInt(3);
            case 4 -> random.nextInt(special + 1);
            case 5 -> bias / 2 + random.nextInt(5) - 2;
            case 6 -> bias + bias / 2 + random.nextInt(5) - 2;
            default -> bias + random.nextInt(140) - 70;
        };
    }

    long f64() {
        return random.nextLong() << 63 | (long) exponent(0x7FF, 1023) << 52 | fraction(52);
    }

    int f32() {
        return random.nextInt() << 31 | Math.floorMod(exponent(0xFF, 127), 256) << 23 | (int) fraction(23);
    }

    int se() {
        return random.nextInt(2) << 15 | exponent(0x7FFF, 16383);
    }

    /// A significand that mostly fits the exponent; now and then an unsupported encoding.
    long sig(int se) {
        long f = fraction(63);
        boolean zeroExponent = (se & 0x7FFF) == 0;
        boolean top = random.nextInt(20) == 0 ? zeroExponent : !zeroExponent;
        return top ? f | 1L << 63 : f;
    }
}
