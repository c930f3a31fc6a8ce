package io.sluice.vmm.device.uart;

import static io.sluice.vmm.regs.RegisterSpec.at;

import io.sluice.vmm.regs.Register;
import io.sluice.vmm.regs.RegisterSpec;
import io.sluice.vmm.regs.RegisterTable;

/// The registers of a PC16550D (its data sheet, table II). Reads and writes at one offset may mean different registers,
/// and DLAB (bit 7 of LCR) puts the divisor latch in place of the first two.
enum UartReg implements Register {
    /// Receiver buffer.
    RBR(at(0)),
    /// Transmitter holding register.
    THR(at(0).writable(0xFF)),
    /// Interrupt enable.
    IER(at(1).writable(0x0F)),
    /// Interrupt identification.
    IIR(at(2).reset(0x01)),
    /// FIFO control.
    FCR(at(2).writable(0xCF)),
    /// Line control.
    LCR(at(3).writable(0xFF)),
    /// Modem control.
    MCR(at(4).writable(0x1F)),
    /// Line status; factory test writes are ignored.
    LSR(at(5).reset(0x60)),
    /// Modem status.
    MSR(at(6)),
    /// Scratch.
    SCR(at(7).writable(0xFF)),
    /// Divisor latch, low byte.
    DLL(at(0).reset(0x0C).writable(0xFF)),
    /// Divisor latch, high byte.
    DLM(at(1).writable(0xFF));

    private static final RegisterTable<UartReg> READ = new RegisterTable<>(RBR, IER, IIR, LCR, MCR, LSR, MSR, SCR);
    private static final RegisterTable<UartReg> WRITE = new RegisterTable<>(THR, IER, FCR, LCR, MCR, LSR, MSR, SCR);
    private static final RegisterTable<UartReg> READ_DLAB = new RegisterTable<>(DLL, DLM, IIR, LCR, MCR, LSR, MSR, SCR);
    private static final RegisterTable<UartReg> WRITE_DLAB =
            new RegisterTable<>(DLL, DLM, FCR, LCR, MCR, LSR, MSR, SCR);

    private final RegisterSpec spec;

    UartReg(RegisterSpec spec) {
        this.spec = spec;
    }

    @Override
    public RegisterSpec spec() {
        return spec;
    }

    /// The register that a read at `offset` (0 to 7) reaches.
    static UartReg read(int offset, boolean dlab) {
        var register = (dlab ? READ_DLAB : READ).at(offset & 7);
        return register == null ? SCR : register;
    }

    /// The register that a write at `offset` (0 to 7) reaches.
    static UartReg write(int offset, boolean dlab) {
        var register = (dlab ? WRITE_DLAB : WRITE).at(offset & 7);
        return register == null ? SCR : register;
    }
}
