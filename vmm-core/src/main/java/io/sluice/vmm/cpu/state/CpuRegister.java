package io.sluice.vmm.cpu.state;

/// The registers that a debugger knows, in the order and with the widths in which gdb has them for x86-64: its own
/// first, then those of the system that QEMU has added to them. A value is little-endian bytes.
public enum CpuRegister {
    RAX(Kind.GENERAL),
    RBX(Kind.GENERAL),
    RCX(Kind.GENERAL),
    RDX(Kind.GENERAL),
    RSI(Kind.GENERAL),
    RDI(Kind.GENERAL),
    RBP(Kind.GENERAL),
    RSP(Kind.GENERAL),
    R8(Kind.GENERAL),
    R9(Kind.GENERAL),
    R10(Kind.GENERAL),
    R11(Kind.GENERAL),
    R12(Kind.GENERAL),
    R13(Kind.GENERAL),
    R14(Kind.GENERAL),
    R15(Kind.GENERAL),
    RIP(Kind.INSTRUCTION_POINTER),
    EFLAGS(Kind.FLAGS),
    CS(Kind.SEGMENT),
    SS(Kind.SEGMENT),
    DS(Kind.SEGMENT),
    ES(Kind.SEGMENT),
    FS(Kind.SEGMENT),
    GS(Kind.SEGMENT),
    ST0(Kind.X87),
    ST1(Kind.X87),
    ST2(Kind.X87),
    ST3(Kind.X87),
    ST4(Kind.X87),
    ST5(Kind.X87),
    ST6(Kind.X87),
    ST7(Kind.X87),
    FCTRL(Kind.X87_CONTROL),
    FSTAT(Kind.X87_CONTROL),
    FTAG(Kind.X87_CONTROL),
    FISEG(Kind.X87_CONTROL),
    FIOFF(Kind.X87_CONTROL),
    FOSEG(Kind.X87_CONTROL),
    FOOFF(Kind.X87_CONTROL),
    FOP(Kind.X87_CONTROL),
    XMM0(Kind.VECTOR),
    XMM1(Kind.VECTOR),
    XMM2(Kind.VECTOR),
    XMM3(Kind.VECTOR),
    XMM4(Kind.VECTOR),
    XMM5(Kind.VECTOR),
    XMM6(Kind.VECTOR),
    XMM7(Kind.VECTOR),
    XMM8(Kind.VECTOR),
    XMM9(Kind.VECTOR),
    XMM10(Kind.VECTOR),
    XMM11(Kind.VECTOR),
    XMM12(Kind.VECTOR),
    XMM13(Kind.VECTOR),
    XMM14(Kind.VECTOR),
    XMM15(Kind.VECTOR),
    MXCSR(Kind.VECTOR_CONTROL),
    FS_BASE(Kind.BASE),
    GS_BASE(Kind.BASE),
    K_GS_BASE(Kind.SYSTEM_BASE),
    CR0(Kind.CONTROL),
    CR2(Kind.CONTROL),
    CR3(Kind.CONTROL),
    CR4(Kind.CONTROL),
    CR8(Kind.CONTROL),
    EFER(Kind.CONTROL);

    /// What sort of register it is, which says how wide it is.
    public enum Kind {
        GENERAL(8),
        INSTRUCTION_POINTER(8),
        FLAGS(4),
        SEGMENT(4),
        X87(10),
        X87_CONTROL(4),
        VECTOR(16),
        VECTOR_CONTROL(4),
        BASE(8),
        SYSTEM_BASE(8),
        CONTROL(8);

        private final int bytes;

        Kind(int bytes) {
            this.bytes = bytes;
        }
    }

    private final Kind kind;

    CpuRegister(Kind kind) {
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }

    /// How many bytes a value has.
    public int bytes() {
        return kind.bytes;
    }
}
