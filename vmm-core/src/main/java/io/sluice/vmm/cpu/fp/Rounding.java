package io.sluice.vmm.cpu.fp;

import static io.sluice.vmm.cpu.fp.Num.FINITE;
import static io.sluice.vmm.cpu.fp.Num.INF;
import static io.sluice.vmm.cpu.fp.Num.TOP;
import static io.sluice.vmm.cpu.fp.Num.ZERO;

/// Brings the result in the context into a format: rounding, overflow, underflow, and the flags of all three.
/// Tininess is detected after rounding, as the processor does it.
final class Rounding {
    private static final int MIN_EXP_80 = -16382;
    private static final int MAX_EXP_80 = 16383;
    /// The bias that an unmasked overflow or underflow puts on an x87 register result (SDM volume 1, 8.5.4).
    private static final int WRAP_80 = 24576;

    private Rounding() {}

    /// Packs to an 80-bit number with the precision that the control word asks for.
    static void pack80(FpContext c) {
        pack80(c, c.precision);
    }

    static void pack80(FpContext c, int precision) {
        if (c.kind == FINITE && !c.stopped()) {
            toFormat(c, precision, MIN_EXP_80, MAX_EXP_80, WRAP_80);
        }
        int s = c.sign ? 0x8000 : 0;
        switch (c.kind) {
            case ZERO -> set80(c, s, 0);
            case FINITE -> set80(c, c.hi < 0 ? s | c.exp + 16383 & 0x7FFF : s, c.hi);
            case INF -> set80(c, s | 0x7FFF, TOP);
            default -> set80(c, s | 0x7FFF, c.hi);
        }
    }

    private static void set80(FpContext c, int se, long sig) {
        c.se = se;
        c.sig = sig;
    }

    static long pack64(FpContext c) {
        if (c.kind == FINITE && !c.stopped()) {
            toFormat(c, 53, -1022, 1023, 0);
        }
        long s = c.sign ? TOP : 0;
        return switch (c.kind) {
            case ZERO -> s;
            case FINITE -> s | (c.hi < 0 ? (long) (c.exp + 1023) << 52 : 0) | c.hi << 1 >>> 12;
            case INF -> s | 0x7FFL << 52;
            default -> s | 0x7FFL << 52 | c.hi << 1 >>> 12;
        };
    }

    static int pack32(FpContext c) {
        if (c.kind == FINITE && !c.stopped()) {
            toFormat(c, 24, -126, 127, 0);
        }
        int s = c.sign ? 1 << 31 : 0;
        return switch (c.kind) {
            case ZERO -> s;
            case FINITE -> s | (c.hi < 0 ? c.exp + 127 << 23 : 0) | (int) (c.hi << 1 >>> 41);
            case INF -> s | 0xFF << 23;
            default -> s | 0xFF << 23 | (int) (c.hi << 1 >>> 41);
        };
    }

    /// Rounds the finite result to `precision` bits and the exponents `min..max`. Afterwards it may be zero or
    /// infinite; a denormal has exponent `min` and bit 63 of its significand clear.
    private static void toFormat(FpContext c, int precision, int min, int max, int wrap) {
        if (c.exp < min) {
            small(c, precision, min, wrap);
            return;
        }
        boolean inexact = toPrecision(c, precision);
        if (c.exp > max) {
            large(c, precision, max, wrap, inexact);
        } else if (inexact) {
            c.raise(FpContext.INEXACT);
        }
    }

    private static void large(FpContext c, int precision, int max, int wrap, boolean inexact) {
        c.raise(FpContext.OVERFLOW);
        if (!c.masked(FpContext.OVERFLOW)) {
            lost(c, wrap, inexact);
            c.exp -= wrap;
            if (wrap != 0 && c.exp > max) {
                c.raise(FpContext.INEXACT);
                c.roundedUp = true;
                c.infinity(c.sign);
            }
            return;
        }
        c.raise(FpContext.INEXACT);
        boolean away = c.rounding == FpContext.NEAREST || c.rounding == (c.sign ? FpContext.DOWN : FpContext.UP);
        c.roundedUp = away;
        if (away) {
            c.kind = INF;
        } else {
            c.exp = max;
            c.hi = -1L << (64 - precision);
        }
    }

    /// After an unmasked overflow or underflow: an x87 store to memory has no result that could be inexact.
    private static void lost(FpContext c, int wrap, boolean inexact) {
        if (wrap == 0 && c.extended) {
            c.roundedUp = false;
        } else if (inexact) {
            c.raise(FpContext.INEXACT);
        }
    }

    private static void small(FpContext c, int precision, int min, int wrap) {
        boolean tiny = isTiny(c, precision, min);
        if (tiny && !c.masked(FpContext.UNDERFLOW)) {
            c.raise(FpContext.UNDERFLOW);
            lost(c, wrap, toPrecision(c, precision));
            c.exp += wrap;
            if (wrap != 0 && c.exp < min) {
                // FSCALE can be so far out that the new bias does not help.
                c.raise(FpContext.INEXACT);
                c.zero(c.sign);
            }
            return;
        }
        if (tiny && c.ftz) {
            c.raise(FpContext.UNDERFLOW | FpContext.INEXACT);
            c.zero(c.sign);
            return;
        }
        denormalise(c, min - c.exp);
        c.exp = min;
        if (toPrecision(c, precision)) {
            c.raise(tiny ? FpContext.UNDERFLOW | FpContext.INEXACT : FpContext.INEXACT);
        }
        if (c.hi == 0) {
            c.kind = ZERO;
        }
    }

    /// Below the smallest normal number even when rounded as if exponents had no end.
    private static boolean isTiny(FpContext c, int precision, int min) {
        if (c.exp < min - 1) {
            return true;
        }
        long hi = c.hi;
        long lo = c.lo;
        int exp = c.exp;
        toPrecision(c, precision);
        boolean tiny = c.exp < min;
        c.hi = hi;
        c.lo = lo;
        c.exp = exp;
        return tiny;
    }

    private static void denormalise(FpContext c, int shift) {
        long hi = c.hi;
        long lo = c.lo;
        if (shift < 64) {
            c.lo = hi << (64 - shift) | lo >>> shift | (lo << (64 - shift) != 0 ? 1 : 0);
            c.hi = hi >>> shift;
        } else {
            c.hi = 0;
            if (shift == 64) {
                c.lo = hi | (lo != 0 ? 1 : 0);
            } else if (shift < 128) {
                c.lo = hi >>> (shift - 64) | ((hi << (128 - shift) | lo) != 0 ? 1 : 0);
            } else {
                c.lo = 1;
            }
        }
    }

    /// Rounds `hi:lo` to its upper `precision` bits by the rounding mode; true if that changed the value.
    private static boolean toPrecision(FpContext c, int precision) {
        long kept = precision == 64 ? c.hi : c.hi & -1L << (64 - precision);
        long rest = precision == 64 ? c.lo : c.hi << precision | (c.lo != 0 ? 1 : 0);
        c.lo = 0;
        c.hi = kept;
        if (rest == 0) {
            return false;
        }
        c.roundedUp = false;
        long unit = 1L << (64 - precision);
        if (increments(c.rounding, c.sign, rest, (kept & unit) != 0)) {
            c.roundedUp = true;
            c.hi = kept + unit;
            if (kept < 0 && c.hi >= 0) {
                c.hi = TOP;
                c.exp++;
            }
        }
        return true;
    }

    /// Does a value with `rest` (non-zero; bit 63 is one half) behind its last kept bit go away from zero?
    static boolean increments(int mode, boolean sign, long rest, boolean odd) {
        return switch (mode) {
            case FpContext.NEAREST -> rest < 0 && (rest != TOP || odd);
            case FpContext.DOWN -> sign;
            case FpContext.UP -> !sign;
            default -> false;
        };
    }

    /// The operand as a signed integer of `bits` bits; what does not fit is invalid and gives the smallest one.
    static long toInteger(FpContext c, Num n, int mode, int bits) {
        long indefinite = -1L << (bits - 1);
        c.roundedUp = false;
        if (n.kind == ZERO) {
            return 0;
        }
        if (n.kind != FINITE || n.exp > 63) {
            c.raise(FpContext.INVALID);
            return indefinite;
        }
        long whole = wholePart(n);
        long rest = fractionPart(n);
        boolean up = rest != 0 && increments(mode, n.sign, rest, (whole & 1) != 0);
        long magnitude = up ? whole + 1 : whole;
        boolean wrapped = up && magnitude == 0;
        // The magnitude as unsigned may reach 2^(bits-1) only for a negative number.
        long limit = n.sign ? -indefinite : -indefinite - 1;
        if (wrapped || Long.compareUnsigned(magnitude, limit) > 0) {
            c.raise(FpContext.INVALID);
            return indefinite;
        }
        if (rest != 0) {
            c.raise(FpContext.INEXACT);
            c.roundedUp = up;
        }
        return n.sign ? -magnitude : magnitude;
    }

    /// Integer part of a finite number's magnitude (exponent at most 63).
    static long wholePart(Num n) {
        return n.exp < 0 ? 0 : n.sig >>> (63 - n.exp);
    }

    /// What follows the binary point, bit 63 worth one half, bit 0 sticky.
    static long fractionPart(Num n) {
        if (n.exp >= 63) {
            return 0;
        }
        if (n.exp >= -1) {
            return n.sig << (n.exp + 1);
        }
        int shift = -1 - n.exp;
        return shift >= 64 ? 1 : n.sig >>> shift | (n.sig << (64 - shift) != 0 ? 1 : 0);
    }

    /// Rounds a finite operand to an integral value in the context; true if that changed it.
    static boolean toIntegral(FpContext c, Num n, int mode) {
        c.roundedUp = false;
        c.same(n);
        if (n.kind != FINITE || n.exp >= 63) {
            return false;
        }
        long whole = wholePart(n);
        long rest = fractionPart(n);
        if (rest == 0) {
            return false;
        }
        if (increments(mode, n.sign, rest, (whole & 1) != 0)) {
            c.roundedUp = true;
            whole++;
        }
        if (whole == 0) {
            c.zero(n.sign);
        } else {
            int shift = Long.numberOfLeadingZeros(whole);
            c.finite(n.sign, 63 - shift, whole << shift, 0);
        }
        return true;
    }
}
