package io.sluice.vmm.cpu.fp;

import static io.sluice.vmm.cpu.fp.Num.FINITE;
import static io.sluice.vmm.cpu.fp.Num.INF;
import static io.sluice.vmm.cpu.fp.Num.ZERO;

/// The x87 instructions that take numbers apart: remainder, scale, extract.
public final class F80Steps {
    /// Reduction is not complete (C2).
    public static final int INCOMPLETE = -1;
    /// There is no quotient: the operands were not numbers that have one.
    public static final int NO_QUOTIENT = -2;

    private F80Steps() {}

    /// FPREM (`nearest` false) and FPREM1: result in the context; answers the three low quotient bits, or
    /// [#INCOMPLETE] with a partial remainder, or [#NO_QUOTIENT]. Always exact.
    public static int remainder(FpContext c, int se1, long sig1, int se2, long sig2, boolean nearest) {
        Num a = c.a;
        Num b = c.b;
        a.from80(se1, sig1);
        b.from80(se2, sig2);
        int quotient = 0;
        if (a.isNan() || b.isNan()) {
            Arithmetic.nan(c);
            quotient = NO_QUOTIENT;
        } else if (a.kind == INF || b.kind == ZERO) {
            c.invalid();
            quotient = NO_QUOTIENT;
        } else {
            c.raiseDenormals();
            c.same(a);
            if (a.kind == FINITE && b.kind == FINITE) {
                quotient = reduce(c, a, b, nearest);
            }
        }
        Rounding.pack80(c, 64);
        return quotient;
    }

    private static int reduce(FpContext c, Num a, Num b, boolean nearest) {
        int distance = a.exp - b.exp;
        if (distance < -1 || distance < 0 && !nearest) {
            return 0;
        }
        if (distance >= 64) {
            partial(c, a, b, distance);
            return INCOMPLETE;
        }
        long rest = a.sig;
        long quotient = 0;
        int exp = b.exp;
        if (distance < 0) {
            // |a| is between a quarter of |b| and |b|: the quotient rounds to 0 or 1.
            return nearestBelow(c, a, b);
        }
        if (Long.compareUnsigned(rest, b.sig) >= 0) {
            rest -= b.sig;
            quotient = 1;
        }
        for (int i = 0; i < distance; i++) {
            boolean carry = rest < 0;
            rest <<= 1;
            quotient <<= 1;
            if (carry || Long.compareUnsigned(rest, b.sig) >= 0) {
                rest -= b.sig;
                quotient |= 1;
            }
        }
        boolean sign = a.sign;
        if (nearest && roundsUp(rest, b.sig, (quotient & 1) != 0)) {
            rest = b.sig - rest;
            quotient++;
            sign = !sign;
        }
        finish(c, a.sign, sign, exp, rest);
        return (int) quotient & 7;
    }

    private static boolean roundsUp(long rest, long divisor, boolean odd) {
        long gap = divisor - rest;
        int order = Long.compareUnsigned(rest, gap);
        return order > 0 || order == 0 && odd;
    }

    /// Exponent of `a` one below that of `b`: `2 * |a|` against `|b|` in units of half the divisor's last place.
    private static int nearestBelow(FpContext c, Num a, Num b) {
        if (Long.compareUnsigned(a.sig, b.sig) <= 0) {
            return 0;
        }
        // |b| - |a| = (2 * b.sig - a.sig) in a's units; it is below 2^64 because a.sig > b.sig.
        finish(c, a.sign, !a.sign, a.exp, (b.sig << 1) - a.sig);
        return 1;
    }

    /// Takes off so much of the quotient's upper part that the exponents come at least 32 closer (SDM: N is
    /// 32 to 63).
    private static void partial(FpContext c, Num a, Num b, int distance) {
        int steps = distance & 31 | 32;
        int exp = a.exp - steps;
        long rest = a.sig;
        if (Long.compareUnsigned(rest, b.sig) >= 0) {
            rest -= b.sig;
        }
        for (int i = 0; i < steps; i++) {
            boolean carry = rest < 0;
            rest <<= 1;
            if (carry || Long.compareUnsigned(rest, b.sig) >= 0) {
                rest -= b.sig;
            }
        }
        finish(c, a.sign, a.sign, exp, rest);
    }

    private static void finish(FpContext c, boolean zeroSign, boolean sign, int exp, long rest) {
        if (rest == 0) {
            c.zero(zeroSign);
        } else {
            Arithmetic.normalise(c, sign, exp, rest, 0);
        }
    }

    /// FSCALE: ST0 times two to the integer part of ST1.
    public static void scale(FpContext c, int se, long sig, int byseSe, long bySig) {
        Num a = c.a;
        Num b = c.b;
        a.from80(se, sig);
        b.from80(byseSe, bySig);
        if (a.isNan() || b.isNan()) {
            Arithmetic.nan(c);
        } else if (b.kind == INF) {
            scaleByInfinity(c, a, b);
        } else {
            c.raiseDenormals();
            c.same(a);
            if (a.kind == FINITE && b.kind == FINITE && b.exp >= 0) {
                // Beyond this any exponent has left the format, however it began.
                int by = b.exp > 17 ? 1 << 18 : (int) (b.sig >>> (63 - b.exp));
                c.exp += b.sign ? -by : by;
            }
        }
        Rounding.pack80(c, 64);
    }

    private static void scaleByInfinity(FpContext c, Num a, Num b) {
        if (b.sign ? a.kind == INF : a.kind == ZERO) {
            c.invalid();
            return;
        }
        c.raiseDenormals();
        if (b.sign) {
            c.zero(a.sign);
        } else {
            c.infinity(a.sign);
        }
    }

    /// FXTRACT: the significand, in the context; answers through [#exponentOf] with the exponent. A zero raises
    /// divide-by-zero.
    public static void significandOf(FpContext c, int se, long sig) {
        Num a = c.a;
        a.from80(se, sig);
        if (a.isNan()) {
            Arithmetic.nan(c, a);
        } else {
            if (a.denormal) {
                c.raise(FpContext.DENORMAL);
            }
            c.same(a);
            c.exp = 0;
        }
        Rounding.pack80(c, 64);
    }

    /// The exponent part of FXTRACT as an 80-bit number.
    public static void exponentOf(FpContext c, int se, long sig) {
        Num a = c.a;
        a.from80(se, sig);
        switch (a.kind) {
            case ZERO -> {
                c.raise(FpContext.DIVIDE_BY_ZERO);
                c.infinity(true);
            }
            case FINITE -> {
                if (a.denormal) {
                    c.raise(FpContext.DENORMAL);
                }
                a.fromLong(a.exp);
                c.same(a);
            }
            case INF -> c.infinity(false);
            default -> Arithmetic.nan(c, a);
        }
        Rounding.pack80(c, 64);
    }
}
