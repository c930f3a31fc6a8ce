package io.sluice.vmm.device.uart;

/// The four inputs from the modem and the modem status register that shows them.
final class ModemLines {
    private static final int DELTAS = 0x0F;

    private int inputs = Uart16550.CTS | Uart16550.DSR | Uart16550.DCD;
    private int status = inputs;

    void reset() {
        status = inputs;
    }

    int inputs() {
        return inputs;
    }

    int status() {
        return status;
    }

    boolean hasChanged() {
        return (status & DELTAS) != 0;
    }

    void forgetChanges() {
        status &= ~DELTAS;
    }

    void setInputs(int levels) {
        inputs = levels & ~DELTAS & 0xFF;
    }

    /// Shows the inputs, or in loopback the outputs that MCR's low bits drive: DTR as DSR, RTS as CTS, OUT1 as RI, OUT2
    /// as DCD. What changed is kept in bits 3..0; of the ring indicator only the trailing edge counts.
    void show(boolean looped, int modemControl) {
        int outputs =
                (modemControl & 1) << 5 | (modemControl & 2) << 3 | (modemControl & 4) << 4 | (modemControl & 8) << 4;
        int levels = looped ? outputs : inputs;
        int old = status & ~DELTAS;
        int deltas = (old ^ levels) >> 4 & 0xB | (old & ~levels & Uart16550.RI) >> 4;
        status = levels | status & DELTAS | deltas;
    }

    void restore(int savedInputs, int savedStatus) {
        inputs = savedInputs;
        status = savedStatus;
    }
}
