package io.sluice.vmm.cpu.fp;

import static io.sluice.vmm.cpu.fp.Num.FINITE;
import static io.sluice.vmm.cpu.fp.Num.INF;

/// Sine, cosine and tangent of the x87. Arguments are reduced by the pi of 66 bits that the processors have (SDM
/// volume 1, 8.3.8), exactly; what is left is computed within one unit of the 64-bit significand.
public final class F80Trigonometry {
    /// pi/2 in units of 2^-67: the upper 64 bits, and the four bits below.
    private static final long HALF_PI_HIGH = 0xC90FDAA22168C234L;

    private static final int HALF_PI_LOW = 0xC;

    private F80Trigonometry() {}

    /// The operand is 2^63 or more: the instruction sets C2 and does nothing.
    public static boolean outOfRange(int se, long sig) {
        int e = se & 0x7FFF;
        return e >= 16383 + 63 && e != 0x7FFF && sig < 0;
    }

    public static void sine(FpContext c, int se, long sig) {
        if (special(c, se, sig)) {
            return;
        }
        if (c.a.kind == FINITE) {
            trigonometric(c, reduce(c, c.a));
        } else {
            c.zero(c.a.sign);
            Rounding.pack80(c, 64);
        }
    }

    public static void cosine(FpContext c, int se, long sig) {
        if (special(c, se, sig)) {
            return;
        }
        if (c.a.kind == FINITE) {
            int quadrant = reduce(c, c.a);
            trigonometric(c, quadrant + 1);
        } else {
            c.finite(false, 0, Num.TOP, 0);
            Rounding.pack80(c, 64);
        }
    }

    /// FPTAN without its push of one.
    public static void tangent(FpContext c, int se, long sig) {
        if (special(c, se, sig)) {
            return;
        }
        if (c.a.kind != FINITE) {
            c.zero(c.a.sign);
            Rounding.pack80(c, 64);
            return;
        }
        int quadrant = reduce(c, c.a);
        Big sine = c.big[3];
        Big cosine = c.big[4];
        sineOf(c, sine);
        cosineOf(c, cosine);
        if ((quadrant & 1) == 0) {
            sine.div(sine, cosine, c.big[1]);
        } else {
            sine.div(cosine, sine, c.big[1]);
            sine.sign = !sine.sign;
        }
        F80Functions.finish(c, sine);
    }

    /// NaN and infinity; otherwise the operand stands in `c.a`.
    private static boolean special(FpContext c, int se, long sig) {
        Num a = c.a;
        a.from80(se, sig);
        if (a.isNan()) {
            Arithmetic.nan(c, a);
        } else if (a.kind == INF) {
            c.invalid();
        } else {
            if (a.denormal) {
                c.raise(FpContext.DENORMAL);
            }
            return false;
        }
        Rounding.pack80(c, 64);
        return true;
    }

    /// Leaves in `c.big[0]` what is beyond the nearest multiple of pi/2, and answers that multiple (modulo 4).
    private static int reduce(FpContext c, Num a) {
        Big r = c.big[0];
        r.set(a);
        if (a.exp < -1) {
            return 0;
        }
        // 68-bit integers as (64 upper bits, 4 lower bits): rest < pi/2 always, so a doubled rest needs 69.
        long high = a.sig >>> 4;
        int low = (int) a.sig & 0xF;
        int quadrant = 0;
        for (int i = a.exp + 4; i > 0; i--) {
            boolean carry = high < 0;
            high = high << 1 | low >>> 3;
            low = low << 1 & 0xF;
            quadrant <<= 1;
            if (carry || notBelow(high, low)) {
                high -= HALF_PI_HIGH + (low < HALF_PI_LOW ? 1 : 0);
                low = low - HALF_PI_LOW & 0xF;
                quadrant++;
            }
        }
        boolean sign = a.sign;
        int otherLow = HALF_PI_LOW - low & 0xF;
        long otherHigh = HALF_PI_HIGH - high - (low > HALF_PI_LOW ? 1 : 0);
        int order = Long.compareUnsigned(high, otherHigh);
        if (order > 0 || order == 0 && low > otherLow) {
            high = otherHigh;
            low = otherLow;
            sign = !sign;
            quadrant++;
        }
        r.normal(sign, 0, high, (long) low << 60);
        return a.sign ? -quadrant & 3 : quadrant & 3;
    }

    private static boolean notBelow(long high, int low) {
        int order = Long.compareUnsigned(high, HALF_PI_HIGH);
        return order > 0 || order == 0 && low >= HALF_PI_LOW;
    }

    /// Finishes sin(r + quadrant * pi/2).
    private static void trigonometric(FpContext c, int quadrant) {
        Big result = c.big[3];
        if ((quadrant & 1) == 0) {
            sineOf(c, result);
        } else {
            cosineOf(c, result);
        }
        result.sign ^= (quadrant & 2) != 0;
        F80Functions.finish(c, result);
    }

    private static void sineOf(FpContext c, Big target) {
        Big square = c.big[1];
        square.mul(c.big[0], c.big[0]);
        Series.evaluate(target, Series.SIN, square);
        target.mul(target, c.big[0]);
    }

    private static void cosineOf(FpContext c, Big target) {
        Big square = c.big[1];
        square.mul(c.big[0], c.big[0]);
        Series.evaluate(target, Series.COS, square);
    }
}
