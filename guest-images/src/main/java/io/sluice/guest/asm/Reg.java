package io.sluice.guest.asm;

/// A register, by its name in the manual.
public enum Reg implements Operand {
    AL(Kind.GENERAL, 8, 0),
    CL(Kind.GENERAL, 8, 1),
    DL(Kind.GENERAL, 8, 2),
    BL(Kind.GENERAL, 8, 3),
    AH(Kind.HIGH_BYTE, 8, 4),
    CH(Kind.HIGH_BYTE, 8, 5),
    DH(Kind.HIGH_BYTE, 8, 6),
    BH(Kind.HIGH_BYTE, 8, 7),
    SPL(Kind.GENERAL, 8, 4),
    BPL(Kind.GENERAL, 8, 5),
    SIL(Kind.GENERAL, 8, 6),
    DIL(Kind.GENERAL, 8, 7),
    R8B(Kind.GENERAL, 8, 8),
    R9B(Kind.GENERAL, 8, 9),
    R10B(Kind.GENERAL, 8, 10),
    R11B(Kind.GENERAL, 8, 11),
    R12B(Kind.GENERAL, 8, 12),
    R13B(Kind.GENERAL, 8, 13),
    R14B(Kind.GENERAL, 8, 14),
    R15B(Kind.GENERAL, 8, 15),
    AX(Kind.GENERAL, 16, 0),
    CX(Kind.GENERAL, 16, 1),
    DX(Kind.GENERAL, 16, 2),
    BX(Kind.GENERAL, 16, 3),
    SP(Kind.GENERAL, 16, 4),
    BP(Kind.GENERAL, 16, 5),
    SI(Kind.GENERAL, 16, 6),
    DI(Kind.GENERAL, 16, 7),
    R8W(Kind.GENERAL, 16, 8),
    R9W(Kind.GENERAL, 16, 9),
    R10W(Kind.GENERAL, 16, 10),
    R11W(Kind.GENERAL, 16, 11),
    R12W(Kind.GENERAL, 16, 12),
    R13W(Kind.GENERAL, 16, 13),
    R14W(Kind.GENERAL, 16, 14),
    R15W(Kind.GENERAL, 16, 15),
    EAX(Kind.GENERAL, 32, 0),
    ECX(Kind.GENERAL, 32, 1),
    EDX(Kind.GENERAL, 32, 2),
    EBX(Kind.GENERAL, 32, 3),
    ESP(Kind.GENERAL, 32, 4),
    EBP(Kind.GENERAL, 32, 5),
    ESI(Kind.GENERAL, 32, 6),
    EDI(Kind.GENERAL, 32, 7),
    R8D(Kind.GENERAL, 32, 8),
    R9D(Kind.GENERAL, 32, 9),
    R10D(Kind.GENERAL, 32, 10),
    R11D(Kind.GENERAL, 32, 11),
    R12D(Kind.GENERAL, 32, 12),
    R13D(Kind.GENERAL, 32, 13),
    R14D(Kind.GENERAL, 32, 14),
    R15D(Kind.GENERAL, 32, 15),
    RAX(Kind.GENERAL, 64, 0),
    RCX(Kind.GENERAL, 64, 1),
    RDX(Kind.GENERAL, 64, 2),
    RBX(Kind.GENERAL, 64, 3),
    RSP(Kind.GENERAL, 64, 4),
    RBP(Kind.GENERAL, 64, 5),
    RSI(Kind.GENERAL, 64, 6),
    RDI(Kind.GENERAL, 64, 7),
    R8(Kind.GENERAL, 64, 8),
    R9(Kind.GENERAL, 64, 9),
    R10(Kind.GENERAL, 64, 10),
    R11(Kind.GENERAL, 64, 11),
    R12(Kind.GENERAL, 64, 12),
    R13(Kind.GENERAL, 64, 13),
    R14(Kind.GENERAL, 64, 14),
    R15(Kind.GENERAL, 64, 15),
    ES(Kind.SEGMENT, 16, 0),
    CS(Kind.SEGMENT, 16, 1),
    SS(Kind.SEGMENT, 16, 2),
    DS(Kind.SEGMENT, 16, 3),
    FS(Kind.SEGMENT, 16, 4),
    GS(Kind.SEGMENT, 16, 5),
    CR0(Kind.CONTROL, 64, 0),
    CR2(Kind.CONTROL, 64, 2),
    CR3(Kind.CONTROL, 64, 3),
    CR4(Kind.CONTROL, 64, 4),
    CR8(Kind.CONTROL, 64, 8),
    DR0(Kind.DEBUG, 64, 0),
    DR1(Kind.DEBUG, 64, 1),
    DR2(Kind.DEBUG, 64, 2),
    DR3(Kind.DEBUG, 64, 3),
    DR6(Kind.DEBUG, 64, 6),
    DR7(Kind.DEBUG, 64, 7);

    enum Kind {
        GENERAL,
        /// AH, CH, DH, BH: not to be had together with a REX prefix.
        HIGH_BYTE,
        SEGMENT,
        CONTROL,
        DEBUG
    }

    private final Kind kind;
    private final int bits;
    private final int number;

    Reg(Kind kind, int bits, int number) {
        this.kind = kind;
        this.bits = bits;
        this.number = number;
    }

    Kind kind() {
        return kind;
    }

    int bits() {
        return bits;
    }

    int number() {
        return number;
    }

    /// SPL, BPL, SIL and DIL exist only with a REX prefix.
    boolean needsRex() {
        return kind == Kind.GENERAL && bits == 8 && number >= 4 && number < 8;
    }
}
