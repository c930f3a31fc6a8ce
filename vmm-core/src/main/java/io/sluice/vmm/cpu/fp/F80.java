package io.sluice.vmm.cpu.fp;

/// The 80-bit double extended format: arithmetic, comparison and conversion as the x87 has them.
///
/// A number is two arguments, sign with exponent (16 bits) and significand; a result stands in [FpContext#se] and
/// [FpContext#sig].
public final class F80 {
    public static final int INDEFINITE_SE = 0xFFFF;
    public static final long INDEFINITE_SIG = 3L << 62;

    private F80() {}

    private static void operands(FpContext c, int se1, long sig1, int se2, long sig2) {
        c.a.from80(se1, sig1);
        c.b.from80(se2, sig2);
    }

    public static void add(FpContext c, int se1, long sig1, int se2, long sig2) {
        operands(c, se1, sig1, se2, sig2);
        Arithmetic.add(c, false);
        Rounding.pack80(c);
    }

    public static void sub(FpContext c, int se1, long sig1, int se2, long sig2) {
        operands(c, se1, sig1, se2, sig2);
        Arithmetic.add(c, true);
        Rounding.pack80(c);
    }

    public static void mul(FpContext c, int se1, long sig1, int se2, long sig2) {
        operands(c, se1, sig1, se2, sig2);
        Arithmetic.multiply(c);
        Rounding.pack80(c);
    }

    public static void div(FpContext c, int se1, long sig1, int se2, long sig2) {
        operands(c, se1, sig1, se2, sig2);
        Arithmetic.divide(c);
        Rounding.pack80(c);
    }

    public static void sqrt(FpContext c, int se, long sig) {
        c.a.from80(se, sig);
        Arithmetic.squareRoot(c, c.a);
        Rounding.pack80(c);
    }

    /// -1, 0, 1, or 2 for unordered.
    public static int compare(FpContext c, int se1, long sig1, int se2, long sig2, boolean signalling) {
        operands(c, se1, sig1, se2, sig2);
        return Arithmetic.compare(c, signalling);
    }

    public static void fromLong(FpContext c, long value) {
        c.a.fromLong(value);
        c.same(c.a);
        Rounding.pack80(c, 64);
    }

    /// FLD m64; a signalling NaN is quieted.
    public static void fromDouble(FpContext c, long bits) {
        c.a.from64(bits, false);
        widen(c);
    }

    /// FLD m32.
    public static void fromFloat(FpContext c, int bits) {
        c.a.from32(bits, false);
        widen(c);
    }

    private static void widen(FpContext c) {
        convert(c);
        Rounding.pack80(c, 64);
        if (c.a.denormal) {
            c.raise(FpContext.DENORMAL);
        }
    }

    private static void convert(FpContext c) {
        if (c.a.isNan()) {
            Arithmetic.nan(c, c.a);
        } else {
            c.same(c.a);
        }
    }

    public static long toDouble(FpContext c, int se, long sig) {
        c.a.from80(se, sig);
        convert(c);
        return Rounding.pack64(c);
    }

    public static int toFloat(FpContext c, int se, long sig) {
        c.a.from80(se, sig);
        convert(c);
        return Rounding.pack32(c);
    }

    /// To a signed integer of 16, 32 or 64 bits, by the rounding mode or towards zero.
    public static long toInteger(FpContext c, int se, long sig, int bits, boolean truncate) {
        c.a.from80(se, sig);
        return Rounding.toInteger(c, c.a, truncate ? FpContext.TRUNCATE : c.rounding, bits);
    }

    /// FRNDINT.
    public static void round(FpContext c, int se, long sig) {
        c.a.from80(se, sig);
        if (c.a.isNan()) {
            Arithmetic.nan(c, c.a);
        } else {
            if (c.a.denormal) {
                c.raise(FpContext.DENORMAL);
            }
            if (!c.stopped() && Rounding.toIntegral(c, c.a, c.rounding)) {
                c.raise(FpContext.INEXACT);
            }
        }
        Rounding.pack80(c, 64);
    }

    /// A denormal or unsupported operand without a computation: what an instruction that only looks at it raises.
    public static boolean isDenormal(int se, long sig) {
        return (se & 0x7FFF) == 0 && sig != 0;
    }

    /// Tag that FXAM, FSTENV and FSAVE derive from the bits: 0 valid, 1 zero, 2 special.
    public static int tag(int se, long sig) {
        int e = se & 0x7FFF;
        if (e == 0) {
            return sig == 0 ? 1 : 2;
        }
        return e == 0x7FFF || sig >= 0 ? 2 : 0;
    }

    /// C3, C2 and C0 of FXAM at their places in the status word, for a register that is not empty; C1 is the sign.
    public static int examine(int se, long sig) {
        int e = se & 0x7FFF;
        int c1 = (se & 0x8000) != 0 ? 1 << 9 : 0;
        int kind;
        if (e == 0) {
            kind = sig == 0 ? 1 << 14 : 1 << 14 | 1 << 10;
        } else if (sig >= 0) {
            kind = 0;
        } else if (e == 0x7FFF) {
            kind = sig == Num.TOP ? 1 << 10 | 1 << 8 : 1 << 8;
        } else {
            kind = 1 << 10;
        }
        return kind | c1;
    }
}
