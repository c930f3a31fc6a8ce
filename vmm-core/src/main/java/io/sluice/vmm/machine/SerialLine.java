package io.sluice.vmm.machine;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.device.uart.Uart16550;
import io.sluice.vmm.device.uart.UartHost;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.loop.Strand;

/// The cable between a serial port and the outside. Nothing is lost on it: a byte that the port has no room for stays
/// here, one that the outside has no room for stays in the port.
final class SerialLine implements UartHost, CharBackend.Listener {
    private static final int NONE = -1;

    private final Strand strand;
    private final Uart16550 uart;
    private final CharBackend backend;
    private final PanicWatch watch;
    private final UartCounters counters = new UartCounters();
    private final byte[] octet = new byte[1];
    private final Runnable pump = this::pump;
    private final Runnable outputReady;
    private int held = NONE;

    SerialLine(Strand strand, IrqLine irq, CharBackend backend, PanicWatch watch) {
        this.strand = strand;
        this.backend = backend;
        this.watch = watch;
        this.uart = new Uart16550(strand, irq, this, counters, true);
        this.outputReady = uart::outputReady;
        backend.listen(this);
    }

    void map(AddressSpace io, int port) {
        io.mapDevice(port, Uart16550.LENGTH, uart.ports(), strand);
    }

    UartCounters counters() {
        return counters;
    }

    Strand strand() {
        return strand;
    }

    /// Inside the strand. Input that is under way arrives after the reset.
    void reset() {
        uart.reset();
        pump();
    }

    @Override
    public boolean write(byte sent) {
        if (!backend.write(sent)) {
            return false;
        }
        watch.sent(sent);
        return true;
    }

    @Override
    public void inputWanted() {
        pump();
    }

    private void pump() {
        while (true) {
            if (held == NONE) {
                held = backend.read();
            }
            if (held == NONE) {
                return;
            }
            octet[0] = (byte) held;
            if (uart.receive(octet, 0, 1) == 0) {
                return;
            }
            held = NONE;
        }
    }

    @Override
    public void readable() {
        strand.post(pump);
    }

    @Override
    public void writable() {
        strand.post(outputReady);
    }
}
