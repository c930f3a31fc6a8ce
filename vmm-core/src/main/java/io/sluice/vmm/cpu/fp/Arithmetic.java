package io.sluice.vmm.cpu.fp;

import static io.sluice.vmm.cpu.fp.Num.FINITE;
import static io.sluice.vmm.cpu.fp.Num.INF;
import static io.sluice.vmm.cpu.fp.Num.QNAN;
import static io.sluice.vmm.cpu.fp.Num.SNAN;
import static io.sluice.vmm.cpu.fp.Num.UNSUPPORTED;
import static io.sluice.vmm.cpu.fp.Num.ZERO;

/// The four operations and the square root on operands taken apart, for every format alike: operands in
/// [FpContext#a] and [FpContext#b], the unrounded result in the context.
final class Arithmetic {
    private Arithmetic() {}

    /// One of the operands is a NaN (or no number at all): chooses the NaN that comes out.
    static void nan(FpContext c) {
        Num a = c.a;
        Num b = c.b;
        if (a.kind == UNSUPPORTED || b.kind == UNSUPPORTED) {
            c.invalid();
            return;
        }
        if (a.kind == SNAN || b.kind == SNAN) {
            c.raise(FpContext.INVALID);
        }
        useNan(c, chosen(c, a, b));
    }

    /// As [#nan] for an operation with one operand.
    static void nan(FpContext c, Num n) {
        if (n.kind == UNSUPPORTED) {
            c.invalid();
            return;
        }
        if (n.kind == SNAN) {
            c.raise(FpContext.INVALID);
        }
        useNan(c, n);
    }

    private static void useNan(FpContext c, Num n) {
        c.kind = QNAN;
        c.sign = n.sign;
        c.hi = n.sig | Num.QUIET;
    }

    /// SSE takes the first NaN (SDM volume 1, table 4-7); x87 the quiet one of a mixed pair, else the larger
    /// significand, else the positive one.
    private static Num chosen(FpContext c, Num a, Num b) {
        if (!b.isNan()) {
            return a;
        }
        if (!a.isNan()) {
            return b;
        }
        if (!c.extended) {
            return a;
        }
        if (a.kind != b.kind) {
            return a.kind == QNAN ? a : b;
        }
        int order = Long.compareUnsigned(a.sig, b.sig);
        if (order == 0) {
            return a.sign ? b : a;
        }
        return order > 0 ? a : b;
    }

    static void add(FpContext c, boolean subtract) {
        Num a = c.a;
        Num b = c.b;
        if (a.isNan() || b.isNan()) {
            nan(c);
            return;
        }
        boolean bSign = b.sign ^ subtract;
        if (a.kind == INF && b.kind == INF && a.sign != bSign) {
            c.invalid();
            return;
        }
        c.raiseDenormals();
        if (a.kind == INF) {
            c.infinity(a.sign);
        } else if (b.kind == INF) {
            c.infinity(bSign);
        } else if (a.kind == ZERO && b.kind == ZERO) {
            c.zero(a.sign == bSign ? a.sign : c.rounding == FpContext.DOWN);
        } else if (a.kind == ZERO) {
            c.finite(bSign, b.exp, b.sig, 0);
        } else if (b.kind == ZERO) {
            c.finite(a.sign, a.exp, a.sig, 0);
        } else if (a.sign == bSign) {
            addMagnitudes(c, a, b);
        } else {
            subtractMagnitudes(c, a, b, bSign);
        }
    }

    private static void addMagnitudes(FpContext c, Num a, Num b) {
        Num big = a.exp >= b.exp ? a : b;
        Num small = a.exp >= b.exp ? b : a;
        int distance = big.exp - small.exp;
        long lo = lowPart(small.sig, distance);
        long hi = big.sig + highPart(small.sig, distance);
        if (Long.compareUnsigned(hi, big.sig) < 0) {
            c.finite(a.sign, big.exp + 1, hi >>> 1 | Num.TOP, lo >>> 1 | lo & 1 | hi << 63);
        } else {
            c.finite(a.sign, big.exp, hi, lo);
        }
    }

    private static void subtractMagnitudes(FpContext c, Num a, Num b, boolean bSign) {
        boolean aFirst = a.exp != b.exp ? a.exp > b.exp : Long.compareUnsigned(a.sig, b.sig) >= 0;
        Num big = aFirst ? a : b;
        Num small = aFirst ? b : a;
        int distance = big.exp - small.exp;
        // A sticky bit of the subtrahend stays a sticky bit: with a distance of two or more the difference loses at
        // most one leading bit, and with less nothing is shifted out of 128 bits.
        long subLo = lowPart(small.sig, distance);
        long lo = -subLo;
        long hi = big.sig - highPart(small.sig, distance) - (subLo != 0 ? 1 : 0);
        if (hi == 0 && lo == 0) {
            c.zero(c.rounding == FpContext.DOWN);
            return;
        }
        normalise(c, aFirst ? a.sign : bSign, big.exp, hi, lo);
    }

    static void normalise(FpContext c, boolean sign, int exp, long hi, long lo) {
        int shift = Long.numberOfLeadingZeros(hi);
        if (shift == 64) {
            int more = Long.numberOfLeadingZeros(lo);
            c.finite(sign, exp - 64 - more, lo << more, 0);
        } else if (shift == 0) {
            c.finite(sign, exp, hi, lo);
        } else {
            c.finite(sign, exp - shift, hi << shift | lo >>> (64 - shift), lo << shift);
        }
    }

    private static long highPart(long sig, int distance) {
        return distance >= 64 ? 0 : sig >>> distance;
    }

    /// What a shift to the right by `distance` moves into the lower 64 bits; bit 0 collects the rest.
    private static long lowPart(long sig, int distance) {
        if (distance == 0) {
            return 0;
        }
        if (distance < 64) {
            return sig << (64 - distance);
        }
        if (distance == 64) {
            return sig;
        }
        if (distance >= 128) {
            return 1;
        }
        return sig >>> (distance - 64) | (sig << (128 - distance) != 0 ? 1 : 0);
    }

    static void multiply(FpContext c) {
        Num a = c.a;
        Num b = c.b;
        if (a.isNan() || b.isNan()) {
            nan(c);
            return;
        }
        boolean sign = a.sign ^ b.sign;
        if (a.kind == INF && b.kind == ZERO || a.kind == ZERO && b.kind == INF) {
            c.invalid();
            return;
        }
        c.raiseDenormals();
        if (a.kind == INF || b.kind == INF) {
            c.infinity(sign);
        } else if (a.kind == ZERO || b.kind == ZERO) {
            c.zero(sign);
        } else {
            normalise(c, sign, a.exp + b.exp + 1, Math.unsignedMultiplyHigh(a.sig, b.sig), a.sig * b.sig);
        }
    }

    static void divide(FpContext c) {
        Num a = c.a;
        Num b = c.b;
        if (a.isNan() || b.isNan()) {
            nan(c);
            return;
        }
        boolean sign = a.sign ^ b.sign;
        if (a.kind == b.kind && a.kind != FINITE) {
            c.invalid();
            return;
        }
        if (b.kind == ZERO) {
            if (a.kind == FINITE) {
                c.raise(FpContext.DIVIDE_BY_ZERO);
            }
            c.infinity(sign);
            return;
        }
        c.raiseDenormals();
        if (a.kind == INF) {
            c.infinity(sign);
        } else if (a.kind == ZERO || b.kind == INF) {
            c.zero(sign);
        } else {
            divideMagnitudes(c, sign, a, b);
        }
    }

    private static void divideMagnitudes(FpContext c, boolean sign, Num a, Num b) {
        boolean below = Long.compareUnsigned(a.sig, b.sig) < 0;
        long numerator = below ? a.sig : a.sig >>> 1;
        long quotient = below ? Wide.divide(numerator, 0, b.sig) : Wide.divide(numerator, a.sig << 63, b.sig);
        long remainder = (below ? 0 : a.sig << 63) - quotient * b.sig;
        // The next quotient bit, and whether anything follows it.
        long half = b.sig - remainder;
        boolean next = Long.compareUnsigned(remainder, half) >= 0;
        boolean rest = remainder != 0 && remainder != half;
        c.finite(sign, a.exp - b.exp - (below ? 1 : 0), quotient, (next ? Num.TOP : 0) | (rest ? 1 : 0));
    }

    static void squareRoot(FpContext c, Num a) {
        if (a.isNan()) {
            nan(c, a);
            return;
        }
        if (a.kind == ZERO) {
            c.zero(a.sign);
            return;
        }
        if (a.sign) {
            c.invalid();
            return;
        }
        if (a.denormal) {
            c.raise(FpContext.DENORMAL);
        }
        if (a.kind == INF) {
            c.infinity(false);
            return;
        }
        // Radicand in 128 bits: an even exponent leaves the top bit free, so the root fills 64 bits either way.
        boolean odd = (a.exp & 1) != 0;
        long high = odd ? a.sig : a.sig >>> 1;
        long low = odd ? 0 : a.sig << 63;
        long root = Wide.squareRoot(high, low);
        long squareHigh = Math.unsignedMultiplyHigh(root, root);
        long squareLow = root * root;
        long restLow = low - squareLow;
        long restHigh = high - squareHigh - (Long.compareUnsigned(low, squareLow) < 0 ? 1 : 0);
        boolean above = restHigh != 0 || Long.compareUnsigned(restLow, root) > 0;
        boolean inexact = (restHigh | restLow) != 0;
        c.finite(false, a.exp >> 1, root, (above ? Num.TOP : 0) | (inexact ? 1 : 0));
    }

    static final int LESS = -1;
    static final int EQUAL = 0;
    static final int GREATER = 1;
    static final int UNORDERED = 2;

    /// Compares; `signalling` means that a quiet NaN is invalid too.
    static int compare(FpContext c, boolean signalling) {
        Num a = c.a;
        Num b = c.b;
        if (a.isNan() || b.isNan()) {
            if (signalling || a.kind >= SNAN || b.kind >= SNAN) {
                c.raise(FpContext.INVALID);
            }
            return UNORDERED;
        }
        c.raiseDenormals();
        return order(a, b);
    }

    private static int order(Num a, Num b) {
        if (a.kind == ZERO && b.kind == ZERO) {
            return EQUAL;
        }
        if (a.kind == ZERO) {
            return b.sign ? GREATER : LESS;
        }
        if (b.kind == ZERO || a.sign != b.sign) {
            return a.sign ? LESS : GREATER;
        }
        int magnitude;
        if (a.kind == INF || b.kind == INF) {
            magnitude = Integer.compare(a.kind, b.kind);
        } else if (a.exp != b.exp) {
            magnitude = Integer.compare(a.exp, b.exp);
        } else {
            magnitude = Long.compareUnsigned(a.sig, b.sig);
        }
        return Integer.signum(a.sign ? -magnitude : magnitude);
    }
}
