package io.sluice.vmm.cpu.fp;

/// binary64 as SSE2 computes it. Bit patterns in, bit patterns out; flags go to the context.
///
/// The short way: with round-to-nearest, PM set and PE already sticky, normal operands and a normal result raise
/// nothing that is not raised already, so the JVM's own double arithmetic is the answer (bench: ScalarBenchmark).
public final class Float64 {
    private static final long EXPONENT = 0x7FFL << 52;

    private Float64() {}

    /// Zero or normal.
    private static boolean plain(long bits) {
        int e = (int) (bits >>> 52) & 0x7FF;
        return e != 0x7FF && (e != 0 || bits << 1 == 0);
    }

    /// Normal, and too large to have been tiny before rounding.
    private static boolean safe(long bits) {
        int e = (int) (bits >>> 52) & 0x7FF;
        return e > 1 && e < 0x7FF;
    }

    private static double d(long bits) {
        return Double.longBitsToDouble(bits);
    }

    private static long bits(double d) {
        return Double.doubleToRawLongBits(d);
    }

    public static long add(FpContext c, long a, long b) {
        if (c.nearestMasked && plain(a) && plain(b)) {
            double x = d(a);
            double y = d(b);
            double sum = x + y;
            long r = bits(sum);
            if ((safe(r) || sum == 0) && (c.quick || exactSum(x, y, sum))) {
                return r;
            }
        }
        return slowAdd(c, a, b, false);
    }

    public static long sub(FpContext c, long a, long b) {
        if (c.nearestMasked && plain(a) && plain(b)) {
            double x = d(a);
            double y = d(b);
            double difference = x - y;
            long r = bits(difference);
            if ((safe(r) || difference == 0) && (c.quick || exactSum(x, -y, difference))) {
                return r;
            }
        }
        return slowAdd(c, a, b, true);
    }

    /// The error of a sum is itself a double (Knuth's two-sum); none of this overflows unless the sum does.
    private static boolean exactSum(double x, double y, double sum) {
        double virtual = sum - x;
        return (x - (sum - virtual)) + (y - virtual) == 0;
    }

    private static long slowAdd(FpContext c, long a, long b, boolean subtract) {
        operands(c, a, b);
        Arithmetic.add(c, subtract);
        return Rounding.pack64(c);
    }

    public static long mul(FpContext c, long a, long b) {
        if (c.nearestMasked && plain(a) && plain(b) && (c.quick || shortProduct(a, b))) {
            double product = d(a) * d(b);
            long r = bits(product);
            if (safe(r) || a << 1 == 0 || b << 1 == 0) {
                return r;
            }
        }
        operands(c, a, b);
        Arithmetic.multiply(c);
        return Rounding.pack64(c);
    }

    /// The significant bits of both fit one significand together, so the product is exact.
    private static boolean shortProduct(long a, long b) {
        return Long.numberOfTrailingZeros(a | 1L << 52) + Long.numberOfTrailingZeros(b | 1L << 52) >= 53;
    }

    public static long div(FpContext c, long a, long b) {
        if (c.quick && plain(a) && plain(b)) {
            long r = bits(d(a) / d(b));
            if (safe(r)) {
                return r;
            }
        }
        operands(c, a, b);
        Arithmetic.divide(c);
        return Rounding.pack64(c);
    }

    public static long sqrt(FpContext c, long a) {
        if (c.quick && plain(a) && a > 0) {
            return bits(Math.sqrt(d(a)));
        }
        c.a.from64(a, c.daz);
        Arithmetic.squareRoot(c, c.a);
        return Rounding.pack64(c);
    }

    private static void operands(FpContext c, long a, long b) {
        c.a.from64(a, c.daz);
        c.b.from64(b, c.daz);
    }

    /// -1, 0, 1, or 2 for unordered.
    public static int compare(FpContext c, long a, long b, boolean signalling) {
        if (plain(a) && plain(b)) {
            double x = d(a);
            double y = d(b);
            return x < y ? Arithmetic.LESS : x == y ? Arithmetic.EQUAL : Arithmetic.GREATER;
        }
        operands(c, a, b);
        return Arithmetic.compare(c, signalling);
    }

    /// MINSD: the second operand where they are equal or unordered.
    public static long min(FpContext c, long a, long b) {
        return pick(c, a, b, compare(c, a, b, true) == Arithmetic.LESS);
    }

    public static long max(FpContext c, long a, long b) {
        return pick(c, a, b, compare(c, a, b, true) == Arithmetic.GREATER);
    }

    private static long pick(FpContext c, long a, long b, boolean first) {
        long r = first ? a : b;
        return c.daz && (r & EXPONENT) == 0 ? r & Num.TOP : r;
    }

    /// To a signed integer of `bits` bits, 32 or 64; the indefinite integer where it does not fit.
    public static long toInteger(FpContext c, long a, int mode, int bits) {
        c.a.from64(a, c.daz);
        return Rounding.toInteger(c, c.a, mode, bits);
    }

    public static long fromLong(FpContext c, long value) {
        if (value >= -(1L << 53) && value <= 1L << 53) {
            return bits((double) value);
        }
        c.a.fromLong(value);
        c.same(c.a);
        return Rounding.pack64(c);
    }

    public static int toFloat32(FpContext c, long a) {
        c.a.from64(a, c.daz);
        convert(c);
        return Rounding.pack32(c);
    }

    public static long fromFloat32(FpContext c, int a) {
        int e = a >>> 23 & 0xFF;
        if (e != 0 && e != 0xFF) {
            return bits(Float.intBitsToFloat(a));
        }
        c.a.from32(a, c.daz);
        convert(c);
        return Rounding.pack64(c);
    }

    private static void convert(FpContext c) {
        Num a = c.a;
        if (a.isNan()) {
            Arithmetic.nan(c, a);
            return;
        }
        if (a.denormal) {
            c.raise(FpContext.DENORMAL);
        }
        c.same(a);
    }

    /// ROUNDSD: to an integral value; `quiet` leaves out the inexact flag. A denormal raises nothing here.
    public static long round(FpContext c, long a, int mode, boolean quiet) {
        c.a.from64(a, c.daz);
        if (c.a.isNan()) {
            Arithmetic.nan(c, c.a);
        } else if (Rounding.toIntegral(c, c.a, mode) && !quiet) {
            c.raise(FpContext.INEXACT);
        }
        return Rounding.pack64(c);
    }
}
