package io.sluice.vmm.cpu.fp;

/// The control bits that an operation obeys, the exception flags that it raises, and the place of an 80-bit result.
/// One per register file (x87, SSE) and vCPU; used by the vCPU's thread only.
public final class FpContext {
    /// Exception flags, in the places that FSW, FCW and MXCSR give them.
    public static final int INVALID = 1;

    public static final int DENORMAL = 2;
    public static final int DIVIDE_BY_ZERO = 4;
    public static final int OVERFLOW = 8;
    public static final int UNDERFLOW = 16;
    public static final int INEXACT = 32;
    /// Those that are found before anything is computed: unmasked, they leave the operands alone.
    public static final int BEFORE_RESULT = INVALID | DENORMAL | DIVIDE_BY_ZERO;

    /// Rounding control as FCW and MXCSR encode it.
    public static final int NEAREST = 0;

    public static final int DOWN = 1;
    public static final int UP = 2;
    public static final int TRUNCATE = 3;

    private static final int MXCSR_DAZ = 1 << 6;
    private static final int MXCSR_FTZ = 1 << 15;

    /// Rounding mode in force.
    public int rounding;
    /// Exceptions that are masked; matters here for underflow and overflow only.
    public int masks = 0x3F;
    /// Raised since the caller last cleared it.
    public int flags;
    /// The last rounding went away from zero (x87 C1).
    public boolean roundedUp;
    /// An 80-bit result: significand, and sign with exponent.
    public long sig;

    public int se;

    /// x87 significand bits: 24, 53 or 64.
    int precision = 64;

    boolean daz;
    boolean ftz;
    /// NaNs are chosen by the x87 rules.
    boolean extended;
    /// Nearest, PM set, and PE raised long ago: an inexact result tells nobody anything.
    boolean quick;
    /// Nearest and PM set: an exact result may take the short way.
    boolean nearestMasked;

    Num a = new Num();
    Num b = new Num();

    /// The result before it is packed.
    int kind;

    boolean sign;
    int exp;
    /// Significand, bit 63 of `hi` set; bit 0 of `lo` is sticky.
    long hi;

    long lo;

    /// For the inside of transcendental functions.
    final Big[] big = {new Big(), new Big(), new Big(), new Big(), new Big()};

    private int loaded = -1;

    /// Obeys MXCSR from here on; clears the flags.
    public void useMxcsr(int mxcsr) {
        flags = 0;
        int key = mxcsr & 0xFFC0 | mxcsr & INEXACT;
        if (key != loaded) {
            loaded = key;
            rounding = mxcsr >> 13 & 3;
            masks = mxcsr >> 7 & 0x3F;
            daz = (mxcsr & MXCSR_DAZ) != 0;
            ftz = (mxcsr & MXCSR_FTZ) != 0;
            extended = false;
            nearestMasked = rounding == NEAREST && (masks & INEXACT) != 0;
            quick = nearestMasked && (mxcsr & INEXACT) != 0;
        }
    }

    /// Obeys an x87 control word from here on; clears the flags.
    public void useControlWord(int fcw) {
        flags = 0;
        roundedUp = false;
        int key = fcw & 0xFFFF | 1 << 16;
        if (key != loaded) {
            loaded = key;
            rounding = fcw >> 10 & 3;
            masks = fcw & 0x3F;
            precision = switch (fcw >> 8 & 3) {
                case 0 -> 24;
                case 2 -> 53;
                case 1, 3 -> 64;
                default -> throw new IllegalStateException("two bits");
            };
            daz = false;
            ftz = false;
            extended = true;
            nearestMasked = false;
            quick = false;
        }
    }

    void raise(int flag) {
        flags |= flag;
    }

    void raiseDenormals() {
        if (a.denormal | b.denormal) {
            flags |= DENORMAL;
        }
    }

    /// An unmasked exception came before the result: there is none, and rounding raises nothing more.
    public boolean stopped() {
        return (flags & ~masks & BEFORE_RESULT) != 0;
    }

    boolean masked(int flag) {
        return (masks & flag) != 0;
    }

    void zero(boolean negative) {
        kind = Num.ZERO;
        sign = negative;
    }

    void infinity(boolean negative) {
        kind = Num.INF;
        sign = negative;
    }

    void finite(boolean negative, int exponent, long high, long low) {
        kind = Num.FINITE;
        sign = negative;
        exp = exponent;
        hi = high;
        lo = low;
    }

    /// The number as it came.
    void same(Num n) {
        kind = n.kind;
        sign = n.sign;
        exp = n.exp;
        hi = n.sig;
        lo = 0;
    }

    /// The answer to an invalid operation: the real indefinite.
    void invalid() {
        flags |= INVALID;
        defaultNan();
    }

    void defaultNan() {
        kind = Num.QNAN;
        sign = true;
        hi = Num.TOP | Num.QUIET;
    }
}
