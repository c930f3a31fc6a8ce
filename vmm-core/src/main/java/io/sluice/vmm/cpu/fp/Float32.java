package io.sluice.vmm.cpu.fp;

/// binary32 as SSE computes it. Bit patterns in, bit patterns out; flags go to the context.
///
/// The short way: with round-to-nearest, PM set and PE already sticky, normal operands and a normal result raise
/// nothing that is not raised already, so the JVM's own float arithmetic is the answer (bench: ScalarBenchmark).
public final class Float32 {
    private static final int EXPONENT = 0xFF << 23;

    private Float32() {}

    /// Zero or normal.
    private static boolean plain(int bits) {
        int e = bits >>> 23 & 0xFF;
        return e < 0xFF && (e != 0 || bits << 1 == 0);
    }

    /// Normal, and too large to have been tiny before rounding.
    private static boolean safe(int bits) {
        int e = bits >>> 23 & 0xFF;
        return e > 1 && e < 0xFF;
    }

    private static float f(int bits) {
        return Float.intBitsToFloat(bits);
    }

    private static int bits(float f) {
        return Float.floatToRawIntBits(f);
    }

    public static int add(FpContext c, int a, int b) {
        if (c.nearestMasked && plain(a) && plain(b)) {
            float x = f(a);
            float y = f(b);
            float sum = x + y;
            int r = bits(sum);
            if ((safe(r) || sum == 0) && (c.quick || exactSum(x, y, sum))) {
                return r;
            }
        }
        return slowAdd(c, a, b, false);
    }

    public static int sub(FpContext c, int a, int b) {
        if (c.nearestMasked && plain(a) && plain(b)) {
            float x = f(a);
            float y = f(b);
            float difference = x - y;
            int r = bits(difference);
            if ((safe(r) || difference == 0) && (c.quick || exactSum(x, -y, difference))) {
                return r;
            }
        }
        return slowAdd(c, a, b, true);
    }

    /// The error of a sum is itself a float (Knuth's two-sum); none of this overflows unless the sum does.
    private static boolean exactSum(float x, float y, float sum) {
        float virtual = sum - x;
        return (x - (sum - virtual)) + (y - virtual) == 0;
    }

    private static int slowAdd(FpContext c, int a, int b, boolean subtract) {
        operands(c, a, b);
        Arithmetic.add(c, subtract);
        return Rounding.pack32(c);
    }

    public static int mul(FpContext c, int a, int b) {
        if (c.nearestMasked && plain(a) && plain(b) && (c.quick || shortProduct(a, b))) {
            float product = f(a) * f(b);
            int r = bits(product);
            if (safe(r) || a << 1 == 0 || b << 1 == 0) {
                return r;
            }
        }
        operands(c, a, b);
        Arithmetic.multiply(c);
        return Rounding.pack32(c);
    }

    /// The significant bits of both fit one significand together, so the product is exact.
    private static boolean shortProduct(int a, int b) {
        return Integer.numberOfTrailingZeros(a | 1 << 23) + Integer.numberOfTrailingZeros(b | 1 << 23) >= 24;
    }

    public static int div(FpContext c, int a, int b) {
        if (c.quick && plain(a) && plain(b)) {
            int r = bits(f(a) / f(b));
            if (safe(r)) {
                return r;
            }
        }
        operands(c, a, b);
        Arithmetic.divide(c);
        return Rounding.pack32(c);
    }

    public static int sqrt(FpContext c, int a) {
        if (c.quick && plain(a) && a > 0) {
            return bits((float) Math.sqrt(f(a)));
        }
        c.a.from32(a, c.daz);
        Arithmetic.squareRoot(c, c.a);
        return Rounding.pack32(c);
    }

    private static void operands(FpContext c, int a, int b) {
        c.a.from32(a, c.daz);
        c.b.from32(b, c.daz);
    }

    /// -1, 0, 1, or 2 for unordered.
    public static int compare(FpContext c, int a, int b, boolean signalling) {
        if (plain(a) && plain(b)) {
            float x = f(a);
            float y = f(b);
            return x < y ? Arithmetic.LESS : x == y ? Arithmetic.EQUAL : Arithmetic.GREATER;
        }
        operands(c, a, b);
        return Arithmetic.compare(c, signalling);
    }

    /// MINSS: the second operand where they are equal or unordered.
    public static int min(FpContext c, int a, int b) {
        return pick(c, a, b, compare(c, a, b, true) == Arithmetic.LESS);
    }

    public static int max(FpContext c, int a, int b) {
        return pick(c, a, b, compare(c, a, b, true) == Arithmetic.GREATER);
    }

    private static int pick(FpContext c, int a, int b, boolean first) {
        int r = first ? a : b;
        return c.daz && (r & EXPONENT) == 0 ? r & 1 << 31 : r;
    }

    /// To a signed integer of `bits` bits, 32 or 64; the indefinite integer where it does not fit.
    public static long toInteger(FpContext c, int a, int mode, int bits) {
        c.a.from32(a, c.daz);
        return Rounding.toInteger(c, c.a, mode, bits);
    }

    public static int fromLong(FpContext c, long value) {
        if (value >= -(1 << 24) && value <= 1 << 24) {
            return bits((float) value);
        }
        c.a.fromLong(value);
        c.same(c.a);
        return Rounding.pack32(c);
    }

    /// ROUNDSS: to an integral value; `quiet` leaves out the inexact flag. A denormal raises nothing here.
    public static int round(FpContext c, int a, int mode, boolean quiet) {
        c.a.from32(a, c.daz);
        if (c.a.isNan()) {
            Arithmetic.nan(c, c.a);
        } else if (Rounding.toIntegral(c, c.a, mode) && !quiet) {
            c.raise(FpContext.INEXACT);
        }
        return Rounding.pack32(c);
    }

    /// RCPSS: 1/x to 12 bits (the architecture asks for a relative error below 1.5 * 2^-12); raises nothing, knows no
    /// denormals.
    public static int reciprocal(int a) {
        int e = a >>> 23 & 0xFF;
        int s = a & 1 << 31;
        if (e == 0) {
            return s | EXPONENT;
        }
        if (e == 0xFF) {
            return a << 9 == 0 ? s : a | 1 << 22;
        }
        float r = (float) (1.0 / f(a));
        int bits = bits(r) + (1 << 11) & -(1 << 12);
        return (bits & EXPONENT) == 0 ? s : bits;
    }

    /// RSQRTSS, likewise.
    public static int reciprocalSquareRoot(int a) {
        int e = a >>> 23 & 0xFF;
        int s = a & 1 << 31;
        if (e == 0) {
            return s | EXPONENT;
        }
        if (e == 0xFF && a << 9 != 0) {
            return a | 1 << 22;
        }
        if (s != 0) {
            return -1 << 22;
        }
        if (e == 0xFF) {
            return 0;
        }
        return bits((float) (1.0 / Math.sqrt(f(a)))) + (1 << 11) & -(1 << 12);
    }
}
