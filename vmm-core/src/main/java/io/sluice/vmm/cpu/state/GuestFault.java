package io.sluice.vmm.cpu.state;

/// An exception of the guest that unwinds the instruction that raised it: thrown before that instruction changed
/// anything it may not have changed. It never leaves the `cpu` rooms. It has no stack trace, and the faults without a
/// code of their own are made once, so raising one costs little.
public final class GuestFault extends RuntimeException {
    public static final int DE = 0;
    public static final int DB = 1;
    public static final int NMI = 2;
    public static final int BP = 3;
    public static final int OF = 4;
    public static final int BR = 5;
    public static final int UD = 6;
    public static final int NM = 7;
    public static final int DF = 8;
    public static final int TS = 10;
    public static final int NP = 11;
    public static final int SS = 12;
    public static final int GP = 13;
    public static final int PF = 14;
    public static final int MF = 16;
    public static final int AC = 17;
    public static final int MC = 18;
    public static final int XM = 19;

    /// The vector has no error code.
    public static final int NO_CODE = -1;

    public final int vector;
    /// Error code, or [#NO_CODE].
    public final int code;
    /// Faulting linear address (#PF only).
    public final long address;

    public GuestFault(int vector, int code, long address) {
        super(null, null, false, false);
        this.vector = vector;
        this.code = code;
        this.address = address;
    }

    public GuestFault(int vector, int code) {
        this(vector, code, 0);
    }

    private static final GuestFault UD_FAULT = new GuestFault(UD, NO_CODE);
    private static final GuestFault NM_FAULT = new GuestFault(NM, NO_CODE);
    private static final GuestFault MF_FAULT = new GuestFault(MF, NO_CODE);
    private static final GuestFault XM_FAULT = new GuestFault(XM, NO_CODE);
    private static final GuestFault DE_FAULT = new GuestFault(DE, NO_CODE);
    private static final GuestFault AC_FAULT = new GuestFault(AC, 0);
    private static final GuestFault GP0_FAULT = new GuestFault(GP, 0);
    private static final GuestFault NOT_CANONICAL = new GuestFault(GP, 0);
    private static final GuestFault SS0_FAULT = new GuestFault(SS, 0);

    public static GuestFault ud() {
        return UD_FAULT;
    }

    /// Device not available.
    public static GuestFault nm() {
        return NM_FAULT;
    }

    /// x87 exception pending.
    public static GuestFault mf() {
        return MF_FAULT;
    }

    /// SIMD floating-point exception.
    public static GuestFault xm() {
        return XM_FAULT;
    }

    public static GuestFault de() {
        return DE_FAULT;
    }

    /// Alignment check.
    public static GuestFault ac() {
        return AC_FAULT;
    }

    public static GuestFault gp0() {
        return GP0_FAULT;
    }

    /// #GP(0) for a non-canonical address; whoever knows that the segment was SS makes it #SS(0).
    public static GuestFault notCanonical() {
        return NOT_CANONICAL;
    }

    public boolean isNotCanonical() {
        return this == NOT_CANONICAL;
    }

    public static GuestFault gp(int code) {
        return code == 0 ? GP0_FAULT : new GuestFault(GP, code);
    }

    public static GuestFault ss0() {
        return SS0_FAULT;
    }

    private static final int EXTERNAL = 1;

    /// The same fault while something external to the program was delivered: bit 0 of a selector error code.
    public GuestFault whileDelivering() {
        boolean selectorCode = vector >= TS && vector <= GP;
        return selectorCode ? new GuestFault(vector, code | EXTERNAL) : this;
    }
}
