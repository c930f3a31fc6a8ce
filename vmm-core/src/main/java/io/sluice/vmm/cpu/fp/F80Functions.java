package io.sluice.vmm.cpu.fp;

import static io.sluice.vmm.cpu.fp.Num.FINITE;
import static io.sluice.vmm.cpu.fp.Num.INF;
import static io.sluice.vmm.cpu.fp.Num.ZERO;

/// Exponential, logarithms and arctangent of the x87, within one unit of the 64-bit significand.
public final class F80Functions {
    private F80Functions() {}

    /// The rounded result. What the series missed is below the sticky bit, except that a value which is exact in 64
    /// bits may come out a hair off: it is put right first, so that directed rounding does not leave it.
    static void finish(FpContext c, Big r) {
        long hi = r.hi;
        long lo = r.lo;
        if (lo + (1L << 20) >= 0 && lo + (1L << 20) < 1L << 21) {
            if (lo < 0) {
                hi++;
            }
            lo = 0;
        }
        if (hi == 0) {
            c.finite(r.sign, r.exp + 1, Num.TOP, 0);
        } else {
            c.finite(r.sign, r.exp, hi, lo | 1);
        }
        // An unmasked underflow has raised its own.
        Rounding.pack80(c, 64);
        c.raise(FpContext.INEXACT);
    }

    /// F2XM1.
    public static void exp2MinusOne(FpContext c, int se, long sig) {
        Num a = c.a;
        a.from80(se, sig);
        if (a.isNan()) {
            Arithmetic.nan(c, a);
        } else if (a.kind == INF) {
            if (a.sign) {
                c.finite(true, 0, Num.TOP, 0);
            } else {
                c.infinity(false);
            }
        } else if (a.kind == ZERO) {
            c.zero(a.sign);
        } else {
            finiteExp2(c, a);
            return;
        }
        Rounding.pack80(c, 64);
    }

    private static void finiteExp2(FpContext c, Num a) {
        c.a.denormal = a.denormal;
        c.raise(a.denormal ? FpContext.DENORMAL : 0);
        if (a.exp > 0 || a.exp == 0 && a.sig != Num.TOP) {
            // Beyond -1 to 1 the manual leaves the result open: the operand stays.
            c.same(a);
            Rounding.pack80(c, 64);
            c.raise(FpContext.INEXACT);
            return;
        }
        Big y = c.big[0];
        Big sum = c.big[1];
        y.set(a);
        y.mul(y, Series.LN2);
        Series.evaluate(sum, Series.EXPM1, y);
        sum.mul(sum, y);
        finish(c, sum);
    }

    /// FYL2X: `y * log2(x)` where x is ST0 and y is ST1.
    public static void yLog2(FpContext c, int xSe, long xSig, int ySe, long ySig) {
        Num x = c.b;
        Num y = c.a;
        y.from80(ySe, ySig);
        x.from80(xSe, xSig);
        if (x.isNan() || y.isNan()) {
            Arithmetic.nan(c);
        } else if (x.kind == ZERO) {
            logOfZero(c, y);
        } else if (x.sign) {
            c.invalid();
        } else if (x.kind == INF || y.kind == INF) {
            boolean one = x.kind == FINITE && x.exp == 0 && x.sig == Num.TOP;
            if (y.kind == ZERO || one) {
                c.invalid();
            } else {
                c.raiseDenormals();
                c.infinity(y.sign ^ (x.kind == FINITE && x.exp < 0));
            }
        } else if (y.kind == ZERO) {
            c.raiseDenormals();
            c.zero(y.sign ^ x.exp < 0);
        } else if (x.sig == Num.TOP) {
            // A power of two has an exact logarithm; the processors call it inexact all the same.
            c.raiseDenormals();
            boolean inexact = x.exp != 0;
            x.fromLong(x.exp);
            Arithmetic.multiply(c);
            Rounding.pack80(c, 64);
            if (inexact) {
                boolean denormal = (c.se & 0x7FFF) == 0;
                c.raise(denormal ? FpContext.INEXACT | FpContext.UNDERFLOW : FpContext.INEXACT);
            }
            return;
        } else {
            c.raiseDenormals();
            Big m = c.big[0];
            m.set(x);
            timesLog2(c, y, m);
            return;
        }
        Rounding.pack80(c, 64);
    }

    private static void logOfZero(FpContext c, Num y) {
        if (y.kind == ZERO) {
            c.invalid();
            return;
        }
        if (y.kind == FINITE) {
            c.raise(FpContext.DIVIDE_BY_ZERO);
        }
        c.infinity(!y.sign);
    }

    /// `m` is positive and not zero; it is `c.big[0]`.
    private static void timesLog2(FpContext c, Num y, Big m) {
        int exponent = m.exp;
        m.exp = 0;
        // Above the square root of two take half of it: the series wants to be near one.
        if (Long.compareUnsigned(m.hi, 0xB504F333F9DE6484L) > 0) {
            m.exp = -1;
            exponent++;
        }
        Big t = c.big[1];
        Big u = c.big[2];
        t.add(m, Series.ONE);
        u.sub(m, Series.ONE);
        t.div(u, t, c.big[3]);
        atanhToLog2(c, t);
        u.set(exponent);
        t.add(u, t);
        u.set(y);
        t.mul(t, u);
        finish(c, t);
    }

    /// `t = 2/ln2 * atanh(t)`.
    private static void atanhToLog2(FpContext c, Big t) {
        Big square = c.big[3];
        Big sum = c.big[4];
        square.mul(t, t);
        Series.evaluate(sum, Series.ATANH, square);
        t.mul(t, sum);
        t.mul(t, Series.TWO_LOG2E);
    }

    /// FYL2XP1: `y * log2(x + 1)`.
    public static void yLog2Plus1(FpContext c, int xSe, long xSig, int ySe, long ySig) {
        Num x = c.b;
        Num y = c.a;
        y.from80(ySe, ySig);
        x.from80(xSe, xSig);
        if (x.isNan() || y.isNan()) {
            Arithmetic.nan(c);
        } else if (x.kind == INF) {
            infiniteLog2Plus1(c, x, y);
        } else if (y.kind == INF) {
            if (x.kind == ZERO) {
                c.invalid();
            } else {
                c.raiseDenormals();
                c.infinity(x.sign ^ y.sign);
            }
        } else if (x.kind == ZERO || y.kind == ZERO) {
            c.raiseDenormals();
            c.zero(x.sign ^ y.sign);
        } else {
            c.raiseDenormals();
            finiteLog2Plus1(c, x, y);
            return;
        }
        Rounding.pack80(c, 64);
    }

    private static void infiniteLog2Plus1(FpContext c, Num x, Num y) {
        if (x.sign || y.kind == ZERO) {
            c.invalid();
        } else {
            c.raiseDenormals();
            c.infinity(y.sign);
        }
    }

    private static void finiteLog2Plus1(FpContext c, Num x, Num y) {
        Big n = c.big[0];
        n.set(x);
        if (x.exp < -2) {
            // log2(1 + x) by x / (2 + x), which loses nothing however small x is.
            Big t = c.big[1];
            Big u = c.big[2];
            u.add(n, Big.TWO);
            t.div(n, u, c.big[3]);
            atanhToLog2(c, t);
            u.set(y);
            t.mul(t, u);
            finish(c, t);
            return;
        }
        n.add(n, Series.ONE);
        if (n.isZero()) {
            logOfZero(c, y);
        } else if (n.sign) {
            c.invalid();
        } else {
            timesLog2(c, y, n);
            return;
        }
        Rounding.pack80(c, 64);
    }

    /// FPATAN: the angle of the point (x, y), where x is ST0 and y is ST1.
    public static void arcTangent(FpContext c, int xSe, long xSig, int ySe, long ySig) {
        Num x = c.b;
        Num y = c.a;
        y.from80(ySe, ySig);
        x.from80(xSe, xSig);
        if (x.isNan() || y.isNan()) {
            Arithmetic.nan(c);
            Rounding.pack80(c, 64);
            return;
        }
        c.raiseDenormals();
        Big r = c.big[0];
        if (y.kind == ZERO || x.kind == INF && y.kind != INF) {
            if (!x.sign) {
                c.zero(y.sign);
                Rounding.pack80(c, 64);
                return;
            }
            r.set(Series.PI);
        } else if (x.kind == ZERO || y.kind == INF && x.kind != INF) {
            r.set(Series.HALF_PI);
        } else if (x.kind == INF) {
            r.set(Series.HALF_PI);
            r.exp--;
            if (x.sign) {
                r.sub(Series.PI, r);
            }
        } else {
            finiteArcTangent(c, x, y, r);
        }
        r.sign = y.sign;
        finish(c, r);
    }

    private static void finiteArcTangent(FpContext c, Num x, Num y, Big r) {
        boolean steep = y.exp != x.exp ? y.exp > x.exp : Long.compareUnsigned(y.sig, x.sig) > 0;
        Big numerator = c.big[1];
        Big denominator = c.big[2];
        numerator.set(steep ? x : y);
        denominator.set(steep ? y : x);
        numerator.sign = false;
        denominator.sign = false;
        r.div(numerator, denominator, c.big[3]);
        angle(c, r);
        if (steep) {
            r.sub(Series.HALF_PI, r);
        }
        if (x.sign) {
            // In the second quadrant: from pi downwards.
            r.sub(Series.PI, r);
        }
    }

    /// `r = atan(r)` for r from 0 to 1, by the nearest eighth.
    private static void angle(FpContext c, Big r) {
        int eighth = r.exp < -4 ? 0 : (int) ((r.hi >>> (59 - r.exp)) + 1 >>> 1);
        Big t = c.big[1];
        Big u = c.big[2];
        if (eighth != 0) {
            u.set(eighth);
            u.exp -= 3;
            t.sub(r, u);
            u.mul(u, r);
            u.add(u, Series.ONE);
            r.div(t, u, c.big[3]);
        }
        t.mul(r, r);
        Series.evaluate(u, Series.ATAN, t);
        r.mul(r, u);
        r.add(r, Series.ATAN_EIGHTHS[eighth]);
    }
}
