package io.sluice.vmm.cpu.fp;

/// A number with a significand of 128 bits, for the inside of transcendental functions. Results are truncated; a few
/// units of the last place may be lost, which leaves more than 50 bits to spare behind an 80-bit number. Never
/// overflows, never sees a NaN. An operand may be the target as well.
final class Big {
    boolean sign;
    int exp;
    /// Bit 63 set, or zero for the number zero.
    long hi;

    long lo;

    Big() {}

    Big(boolean sign, int exp, long hi, long lo) {
        put(sign, exp, hi, lo);
    }

    static Big of(long value) {
        Big big = new Big();
        big.set(value);
        return big;
    }

    private void put(boolean newSign, int newExp, long newHi, long newLo) {
        sign = newSign;
        exp = newExp;
        hi = newHi;
        lo = newLo;
    }

    void set(Big other) {
        put(other.sign, other.exp, other.hi, other.lo);
    }

    void set(Num n) {
        put(n.sign, n.exp, n.kind == Num.FINITE ? n.sig : 0, 0);
    }

    void set(long value) {
        long magnitude = Math.abs(value);
        normal(value < 0, 63, magnitude, 0);
    }

    /// The integer `high:low` with the binary point so that bit 127 is worth `2^scale`.
    void normal(boolean newSign, int scale, long high, long low) {
        if (high == 0) {
            if (low == 0) {
                put(newSign, 0, 0, 0);
                return;
            }
            int more = Long.numberOfLeadingZeros(low);
            put(newSign, scale - 64 - more, low << more, 0);
            return;
        }
        int shift = Long.numberOfLeadingZeros(high);
        put(newSign, scale - shift, shift == 0 ? high : high << shift | low >>> (64 - shift), low << shift);
    }

    boolean isZero() {
        return hi == 0;
    }

    void mul(Big a, Big b) {
        if (a.hi == 0 || b.hi == 0) {
            put(a.sign ^ b.sign, 0, 0, 0);
            return;
        }
        long high = Math.unsignedMultiplyHigh(a.hi, b.hi);
        long low = a.hi * b.hi;
        long cross = Math.unsignedMultiplyHigh(a.hi, b.lo);
        long sum = low + cross;
        high += Long.compareUnsigned(sum, low) < 0 ? 1 : 0;
        cross = Math.unsignedMultiplyHigh(a.lo, b.hi);
        low = sum + cross;
        high += Long.compareUnsigned(low, sum) < 0 ? 1 : 0;
        normal(a.sign ^ b.sign, a.exp + b.exp + 1, high, low);
    }

    void sub(Big a, Big b) {
        add(a, b, !b.sign);
    }

    void add(Big a, Big b) {
        add(a, b, b.sign);
    }

    private void add(Big a, Big b, boolean bSign) {
        if (b.hi == 0) {
            set(a);
            return;
        }
        if (a.hi == 0) {
            put(bSign, b.exp, b.hi, b.lo);
            return;
        }
        boolean aFirst = a.exp != b.exp
                ? a.exp > b.exp
                : a.hi != b.hi ? Long.compareUnsigned(a.hi, b.hi) > 0 : Long.compareUnsigned(a.lo, b.lo) >= 0;
        Big big = aFirst ? a : b;
        Big small = aFirst ? b : a;
        boolean bigSign = aFirst ? a.sign : bSign;
        int distance = big.exp - small.exp;
        long high = distance >= 64 ? 0 : small.hi >>> distance;
        long low = shiftedLow(small, distance);
        if (a.sign == bSign) {
            addMagnitude(bigSign, big, high, low);
        } else {
            long difference = big.lo - low;
            long borrow = Long.compareUnsigned(big.lo, low) < 0 ? 1 : 0;
            normal(bigSign, big.exp, big.hi - high - borrow, difference);
        }
    }

    private void addMagnitude(boolean newSign, Big big, long high, long low) {
        long sumLow = big.lo + low;
        long carry = Long.compareUnsigned(sumLow, low) < 0 ? 1 : 0;
        long sumHigh = big.hi + high + carry;
        if (Long.compareUnsigned(sumHigh, big.hi) < 0 || carry != 0 && high == -1) {
            put(newSign, big.exp + 1, sumHigh >>> 1 | Num.TOP, sumHigh << 63 | sumLow >>> 1);
        } else {
            put(newSign, big.exp, sumHigh, sumLow);
        }
    }

    private static long shiftedLow(Big n, int distance) {
        if (distance == 0) {
            return n.lo;
        }
        if (distance < 64) {
            return n.hi << (64 - distance) | n.lo >>> distance;
        }
        return distance < 128 ? n.hi >>> (distance - 64) : 0;
    }

    /// `a / b`, by a reciprocal of 64 bits and one step of Newton's; `t` is for the inside.
    void div(Big a, Big b, Big t) {
        boolean newSign = a.sign ^ b.sign;
        long top = b.hi == Num.TOP ? -1L : Wide.divide(Num.TOP, 0, b.hi);
        // top is about 2^127 / b.hi: the reciprocal, in (0.5, 1].
        t.put(false, -b.exp - 1, top, 0);
        int bExp = b.exp;
        long bHi = b.hi;
        long bLo = b.lo;
        long aHi = a.hi;
        long aLo = a.lo;
        int aExp = a.exp;
        put(false, bExp, bHi, bLo);
        mul(this, t);
        sub(TWO, this);
        t.mul(t, this);
        put(false, aExp, aHi, aLo);
        mul(this, t);
        sign = newSign;
    }

    static final Big TWO = new Big(false, 1, Num.TOP, 0);
}
