package io.sluice.vmm.cpu.fp;

/// An operand taken apart: one of the formats on the way in, a normalised number on the way through.
final class Num {
    static final int ZERO = 0;
    static final int FINITE = 1;
    static final int INF = 2;
    static final int QNAN = 3;
    static final int SNAN = 4;
    /// An 80-bit encoding that the 387 gave up: unnormal, pseudo-infinity, pseudo-NaN.
    static final int UNSUPPORTED = 5;

    static final long TOP = 1L << 63;
    static final long QUIET = 1L << 62;

    int kind;
    boolean sign;
    /// Unbiased; the value of a finite number is `sig * 2^(exp - 63)`.
    int exp;
    /// Significand with bit 63 set; a NaN's payload likewise, bit 62 the quiet bit.
    long sig;
    boolean denormal;

    boolean isNan() {
        return kind >= QNAN;
    }

    void from64(long bits, boolean denormalsAreZero) {
        int e = (int) (bits >>> 52) & 0x7FF;
        long fraction = bits << 12;
        sign = bits < 0;
        unpack(e, fraction, 0x7FF, 1023, denormalsAreZero);
    }

    void from32(int bits, boolean denormalsAreZero) {
        int e = bits >>> 23 & 0xFF;
        long fraction = (long) bits << 41;
        sign = bits < 0;
        unpack(e, fraction, 0xFF, 127, denormalsAreZero);
    }

    /// `fraction` left-aligned, without the hidden bit.
    private void unpack(int e, long fraction, int special, int bias, boolean denormalsAreZero) {
        denormal = false;
        if (e == 0) {
            if (fraction == 0 || denormalsAreZero) {
                kind = ZERO;
                return;
            }
            int shift = Long.numberOfLeadingZeros(fraction);
            kind = FINITE;
            denormal = true;
            sig = fraction << shift;
            exp = -bias - shift;
            return;
        }
        sig = TOP | fraction >>> 1;
        if (e == special) {
            kind = fraction == 0 ? INF : fraction < 0 ? QNAN : SNAN;
            return;
        }
        kind = FINITE;
        exp = e - bias;
    }

    void from80(int signExponent, long significand) {
        int e = signExponent & 0x7FFF;
        sign = (signExponent & 0x8000) != 0;
        sig = significand;
        denormal = false;
        if (e == 0) {
            fromDenormal80(significand);
        } else if (significand >= 0) {
            kind = UNSUPPORTED;
        } else if (e == 0x7FFF) {
            kind = significand == TOP ? INF : (significand & QUIET) != 0 ? QNAN : SNAN;
        } else {
            kind = FINITE;
            exp = e - 16383;
        }
    }

    private void fromDenormal80(long significand) {
        if (significand == 0) {
            kind = ZERO;
            return;
        }
        int shift = Long.numberOfLeadingZeros(significand);
        kind = FINITE;
        denormal = true;
        sig = significand << shift;
        exp = -16382 - shift;
    }

    /// Any 64-bit integer is a number here.
    void fromLong(long value) {
        denormal = false;
        sign = value < 0;
        if (value == 0) {
            kind = ZERO;
            return;
        }
        long magnitude = sign ? -value : value;
        int shift = Long.numberOfLeadingZeros(magnitude);
        kind = FINITE;
        sig = magnitude << shift;
        exp = 63 - shift;
    }
}
