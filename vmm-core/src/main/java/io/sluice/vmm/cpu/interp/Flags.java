package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.state.CpuState;

/// Sets the six arithmetic flags after an operation. `size` is 1, 2, 4 or 8 bytes; operands and results are taken
/// modulo that size, their higher bits do not count. See [CpuState] for the two longs that hold the flags.
final class Flags {
    private static final long CF = 1L << 63;
    private static final long CF_OF = 1L << 62;
    private static final long TOP = CF | CF_OF;
    private static final long AF = 8;

    private Flags() {}

    /// Carry-out vector of `a + b (+ carry) = r`.
    static void add64(CpuState s, long a, long b, long r) {
        long carries = a & b | (a | b) & ~r;
        s.lazyResult = r;
        s.lazyAux = carries & (TOP | AF);
    }

    static void add32(CpuState s, int a, int b, int r) {
        int carries = a & b | (a | b) & ~r;
        s.lazyResult = r;
        s.lazyAux = (long) carries << 32 & TOP | carries & AF;
    }

    static void sub64(CpuState s, long a, long b, long r) {
        long borrows = ~a & b | (~a | b) & r;
        s.lazyResult = r;
        s.lazyAux = borrows & (TOP | AF);
    }

    static void sub32(CpuState s, int a, int b, int r) {
        int borrows = ~a & b | (~a | b) & r;
        s.lazyResult = r;
        s.lazyAux = (long) borrows << 32 & TOP | borrows & AF;
    }

    static void add(CpuState s, int size, long a, long b, long r) {
        long carries = a & b | (a | b) & ~r;
        s.lazyResult = extend(size, r);
        s.lazyAux = carries << 64 - 8 * size & TOP | carries & AF;
    }

    static void sub(CpuState s, int size, long a, long b, long r) {
        long borrows = ~a & b | (~a | b) & r;
        s.lazyResult = extend(size, r);
        s.lazyAux = borrows << 64 - 8 * size & TOP | borrows & AF;
    }

    static void logic(CpuState s, int size, long r) {
        s.lazyResult = extend(size, r);
        s.lazyAux = 0;
    }

    /// INC and DEC leave CF as it was.
    static void keepCarry(CpuState s, long carryBefore) {
        long cf = carryBefore & CF;
        long of = (s.lazyAux ^ s.lazyAux << 1) & CF;
        s.lazyAux = cf | (cf ^ of) >>> 1 | s.lazyAux & AF;
    }

    /// Result flags (SF, ZF, PF) of `r`, and CF and OF as given; AF clear.
    static void set(CpuState s, int size, long r, boolean carry, boolean overflow) {
        s.lazyResult = extend(size, r);
        s.lazyAux = (carry ? CF : 0) | (carry != overflow ? CF_OF : 0);
    }

    /// CF and OF as given; SF, ZF, AF, PF stay.
    static void setCarryOverflow(CpuState s, boolean carry, boolean overflow) {
        s.lazyAux = s.lazyAux & ~TOP | (carry ? CF : 0) | (carry != overflow ? CF_OF : 0);
    }

    /// CF as given; the others stay.
    static void setCarry(CpuState s, boolean carry) {
        setCarryOverflow(s, carry, s.of());
    }

    /// ZF as given; the others stay.
    static void setZero(CpuState s, boolean zero) {
        int flags = s.flags() & ~CpuState.ZF;
        s.setArithmeticFlags(flags | (zero ? CpuState.ZF : 0));
    }

    static long extend(int size, long value) {
        return switch (size) {
            case 1 -> (byte) value;
            case 2 -> (short) value;
            case 4 -> (int) value;
            default -> value;
        };
    }

    /// The condition whose number stands in the low four bits of Jcc, SETcc and CMOVcc.
    static boolean condition(CpuState s, int condition) {
        boolean holds = switch (condition >> 1) {
            case 0 -> s.of();
            case 1 -> s.cf();
            case 2 -> s.zf();
            case 3 -> s.cf() || s.zf();
            case 4 -> s.sf();
            case 5 -> s.pf();
            case 6 -> s.sf() != s.of();
            default -> s.zf() || s.sf() != s.of();
        };
        return holds != ((condition & 1) != 0);
    }
}
