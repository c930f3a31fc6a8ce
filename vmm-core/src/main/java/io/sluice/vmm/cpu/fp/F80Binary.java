package io.sluice.vmm.cpu.fp;

/// Operations of the x87 on two operands that are put in place first, because the second may come from memory in
/// another format, and must neither lose its signalling bit nor hide that it is denormal there.
public final class F80Binary {
    /// What is done to left and right. The reversed forms compute right minus left, right over left.
    public enum Operation {
        ADD,
        MUL,
        SUB,
        SUB_REVERSED,
        DIV,
        DIV_REVERSED
    }

    private F80Binary() {}

    public static void left(FpContext c, int se, long sig) {
        c.a.from80(se, sig);
    }

    public static void right(FpContext c, int se, long sig) {
        c.b.from80(se, sig);
    }

    public static void rightFloat(FpContext c, int bits) {
        c.b.from32(bits, false);
    }

    public static void rightDouble(FpContext c, long bits) {
        c.b.from64(bits, false);
    }

    public static void rightInteger(FpContext c, long value) {
        c.b.fromLong(value);
    }

    public static void apply(FpContext c, Operation operation) {
        switch (operation) {
            case ADD -> Arithmetic.add(c, false);
            case MUL -> Arithmetic.multiply(c);
            case SUB -> Arithmetic.add(c, true);
            case SUB_REVERSED -> {
                swap(c);
                Arithmetic.add(c, true);
            }
            case DIV -> Arithmetic.divide(c);
            case DIV_REVERSED -> {
                swap(c);
                Arithmetic.divide(c);
            }
        }
        Rounding.pack80(c);
    }

    private static void swap(FpContext c) {
        Num left = c.a;
        c.a = c.b;
        c.b = left;
    }

    /// -1, 0, 1, or 2 for unordered.
    public static int compare(FpContext c, boolean signalling) {
        return Arithmetic.compare(c, signalling);
    }
}
