package io.sluice.vmm.cpu.fp;

/// Packed BCD: 18 digits and a sign, two digits a byte, in two longs as they stand in memory.
public final class F80Decimal {
    private static final long LIMIT = 1_000_000_000_000_000_000L;
    /// The packed BCD indefinite.
    private static final int INDEFINITE_HIGH = 0xFFFF;

    private static final long INDEFINITE_LOW = 3L << 62;

    private F80Decimal() {}

    /// FBLD: `low` holds digits 0 to 15, `high` digits 16 and 17 and the sign in bit 15.
    public static void load(FpContext c, long low, int high) {
        long value = 0;
        for (int i = 1; i >= 0; i--) {
            value = value * 10 + (high >> 4 * i & 0xF);
        }
        for (int i = 15; i >= 0; i--) {
            value = value * 10 + (low >>> 4 * i & 0xF);
        }
        c.a.fromLong(value);
        c.same(c.a);
        c.sign = (high & 0x8000) != 0;
        Rounding.pack80(c, 64);
    }

    /// FBSTP: the low eight bytes in [FpContext#sig], the high two in [FpContext#se].
    public static void store(FpContext c, int se, long sig) {
        c.a.from80(se, sig);
        boolean negative = c.a.sign;
        int before = c.flags;
        long value = Rounding.toInteger(c, c.a, c.rounding, 64);
        long magnitude = Math.abs(value);
        if (c.flags != before && (c.flags & FpContext.INVALID) != 0 || magnitude >= LIMIT || magnitude < 0) {
            c.flags = before | FpContext.INVALID;
            c.roundedUp = false;
            c.sig = INDEFINITE_LOW;
            c.se = INDEFINITE_HIGH;
            return;
        }
        long low = 0;
        for (int i = 0; i < 16; i++) {
            low |= magnitude % 10 << 4 * i;
            magnitude /= 10;
        }
        c.sig = low;
        c.se = (int) (magnitude % 10 | magnitude / 10 << 4) | (negative ? 0x8000 : 0);
    }
}
