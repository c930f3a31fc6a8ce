package io.sluice.samples.mtty;

import io.sluice.vmm.bus.AddressSpace;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/// What a stock 8250 driver does with one port of type 16550A: its checks at start-up, and its interrupt handler.
final class Serial8250 {
    private static final int RX = 0;
    private static final int IER = 1;
    private static final int FCR = 2;
    private static final int LCR = 3;
    private static final int MCR = 4;
    private static final int LSR = 5;
    private static final int MSR = 6;
    private static final int THRI = 2;
    private static final int RLSI_RDI = 5;
    private static final int FIFO = 16;

    private final AddressSpace io;
    private final long base;
    private final ArrayDeque<Integer> output = new ArrayDeque<>();
    final List<Integer> received = new ArrayList<>();
    int overruns;
    private int ier;

    Serial8250(AddressSpace io, long base) {
        this.io = io;
        this.base = base;
    }

    private int in(int register) {
        return (int) io.read(base + register, 1) & 0xFF;
    }

    private void out(int register, int value) {
        io.write(base + register, 1, value);
    }

    /// The checks of start-up, in the driver's order.
    ///
    /// @return what the driver would have complained of
    List<String> startup() {
        var complaints = new ArrayList<String>();
        clear();
        if (in(LSR) == 0xFF) {
            complaints.add("LSR safety check engaged");
        }
        out(LCR, 3);
        out(IER, THRI);
        int first = in(FCR);
        out(IER, 0);
        out(IER, THRI);
        int second = in(FCR);
        out(IER, 0);
        if ((first & 1) != 0 || (second & 1) != 0) {
            complaints.add("using backup timer (THRE)");
        }
        out(MCR, 8);
        out(IER, THRI);
        int lsr = in(LSR);
        int iir = in(FCR);
        out(IER, 0);
        if ((lsr & 0x40) != 0 && (iir & 1) != 0) {
            complaints.add("enabling bad tx status workarounds");
        }
        clear();
        setSpeed();
        ier = RLSI_RDI;
        out(IER, ier);
        out(MCR, 0x0B);
        return complaints;
    }

    private void clear() {
        out(FCR, 1);
        out(FCR, 7);
        out(FCR, 0);
        in(LSR);
        in(RX);
        in(FCR);
        in(MSR);
    }

    /// 115200 8N1, trigger level 8, and a terminal without CLOCAL, so modem interrupts are on.
    private void setSpeed() {
        out(LCR, 0x83);
        out(RX, 1);
        out(IER, 0);
        out(LCR, 3);
        out(FCR, 0x81);
    }

    void watchModem() {
        ier |= 8;
        out(IER, ier);
    }

    void send(byte[] bytes) {
        for (byte one : bytes) {
            output.add(one & 0xFF);
        }
        ier |= THRI;
        out(IER, ier);
    }

    boolean isIdle() {
        return output.isEmpty() && (ier & THRI) == 0;
    }

    /// The interrupt handler for this port.
    ///
    /// @return whether the port had a cause
    boolean handle() {
        int iir = in(FCR);
        if ((iir & 1) != 0) {
            return false;
        }
        int lsr = in(LSR);
        while ((lsr & 1) != 0) {
            received.add(in(RX));
            overruns += lsr >> 1 & 1;
            lsr = in(LSR);
        }
        in(MSR);
        if ((lsr & 0x20) != 0 && (ier & THRI) != 0) {
            transmit();
        }
        return true;
    }

    private void transmit() {
        for (int i = 0; i < FIFO && !output.isEmpty(); i++) {
            out(RX, output.remove());
        }
        if (output.isEmpty()) {
            ier &= ~THRI;
            out(IER, ier);
        }
    }
}
