package io.sluice.vmm.cpu.fp;

/// The constants that the x87 loads: 128 bits of each, rounded as the control word says, without a flag.
public enum F80Constant {
    ONE(false, 0, 0x8000000000000000L, 0),
    LOG2_10(false, 1, 0xD49A784BCD1B8AFEL, 0x492BF6FF4DAFDB4CL),
    LOG2_E(false, 0, 0xB8AA3B295C17F0BBL, 0xBE87FED0691D3E88L),
    PI(false, 1, 0xC90FDAA22168C234L, 0xC4C6628B80DC1CD1L),
    LOG10_2(false, -2, 0x9A209A84FBCFF798L, 0x8F8959AC0B7C9178L),
    LN_2(false, -1, 0xB17217F7D1CF79ABL, 0xC9E3B39803F2F6AFL),
    ZERO(false, 0, 0, 0);

    private final Big value;

    F80Constant(boolean sign, int exp, long hi, long lo) {
        value = new Big(sign, exp, hi, lo);
    }

    public void load(FpContext c) {
        if (value.isZero()) {
            c.zero(false);
        } else {
            c.finite(false, value.exp, value.hi, value.lo);
        }
        Rounding.pack80(c, 64);
        c.flags = 0;
        c.roundedUp = false;
    }
}
