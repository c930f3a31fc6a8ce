package io.sluice.vmm.cpu.fp;

/// Power series in 128 bits; the coefficients are computed when the class is loaded.
final class Series {
    /// `(e^y - 1) / y` for |y| below 0.7: to 2^-95.
    static final Big[] EXPM1 = new Big[26];
    /// `sin(r) / r` and `cos(r)` in r², for |r| up to pi/4: to 2^-95.
    static final Big[] SIN = new Big[14];

    static final Big[] COS = new Big[14];
    /// `atanh(t) / t` in t², for |t| up to 0.1716: to 2^-100.
    static final Big[] ATANH = new Big[20];
    /// `atan(t) / t` in t², for |t| up to 1/16: to 2^-110.
    static final Big[] ATAN = new Big[14];
    /// atan(k / 8).
    static final Big[] ATAN_EIGHTHS = new Big[9];

    static final Big ONE = Big.of(1);
    static final Big PI = new Big(false, 1, 0xC90FDAA22168C234L, 0xC4C6628B80DC1CD1L);
    static final Big HALF_PI = new Big(false, 0, 0xC90FDAA22168C234L, 0xC4C6628B80DC1CD1L);
    static final Big LN2 = new Big(false, -1, 0xB17217F7D1CF79ABL, 0xC9E3B39803F2F6AFL);
    /// 2 / ln 2.
    static final Big TWO_LOG2E = new Big(false, 1, 0xB8AA3B295C17F0BBL, 0xBE87FED0691D3E88L);

    static {
        Big t = new Big();
        Big factorial = Big.of(1);
        for (int n = 1; n <= 27; n++) {
            factorial.mul(factorial, Big.of(n));
            Big inverse = new Big();
            inverse.div(ONE, factorial, t);
            if (n <= EXPM1.length) {
                EXPM1[n - 1] = inverse;
            }
            Big signed = new Big(n % 4 > 1, inverse.exp, inverse.hi, inverse.lo);
            (n % 2 == 1 ? SIN : COS)[n / 2] = signed;
        }
        COS[0] = ONE;
        for (int k = 0; k < ATANH.length; k++) {
            ATANH[k] = new Big();
            ATANH[k].div(ONE, Big.of(2 * k + 1), t);
        }
        for (int k = 0; k < ATAN.length; k++) {
            ATAN[k] = new Big(k % 2 == 1, ATANH[k].exp, ATANH[k].hi, ATANH[k].lo);
        }
        fillEighths(t);
    }

    private Series() {}

    /// atan((k+1)/8) = atan(k/8) + atan(8 / (64 + k(k+1))), the latter by its own series, which converges since its
    /// argument is at most 1/8 (k = 0: to 2^-84, more than enough).
    private static void fillEighths(Big t) {
        ATAN_EIGHTHS[0] = Big.of(0);
        for (int k = 0; k < 8; k++) {
            Big step = new Big();
            step.div(Big.of(8), Big.of(64 + k * (k + 1)), t);
            Big square = new Big();
            square.mul(step, step);
            Big sum = new Big();
            longAtan(sum, square, t);
            sum.mul(sum, step);
            sum.add(sum, ATAN_EIGHTHS[k]);
            ATAN_EIGHTHS[k + 1] = sum;
        }
    }

    private static void longAtan(Big sum, Big square, Big t) {
        sum.set(0);
        for (int k = 24; k >= 0; k--) {
            t.mul(sum, square);
            Big term = new Big();
            term.div(ONE, Big.of(2 * k + 1), new Big());
            sum.sub(term, t);
        }
    }

    /// `target = sum of c[k] * x^k`. `x` is not the target.
    static void evaluate(Big target, Big[] c, Big x) {
        target.set(c[c.length - 1]);
        for (int k = c.length - 2; k >= 0; k--) {
            target.mul(target, x);
            target.add(target, c[k]);
        }
    }
}
