package io.sluice.samples.mtty;

/// The eight addresses of a 16550 port. Several have a second face: another register when written, or while the
/// divisor latch is open (LCR bit 7).
enum UartReg {
    /// Receiver buffer, transmitter holding; divisor low.
    DATA(0xFF),
    /// Interrupt enable; divisor high.
    IER(0x0F),
    /// Interrupt identification when read, FIFO control when written.
    IIR(0xFF),
    /// Line control.
    LCR(0xFF),
    /// Modem control.
    MCR(0xFF),
    /// Line status.
    LSR(0x00),
    /// Modem status.
    MSR(0x00),
    /// Scratch.
    SCR(0xFF);

    static final int COUNT = 8;
    private static final UartReg[] BY_OFFSET = values();

    final int writable;

    UartReg(int writable) {
        this.writable = writable;
    }

    static UartReg at(int offset) {
        return BY_OFFSET[offset];
    }
}
