package io.sluice.vmm.device.uart;

import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.device.ByteDevice;
import io.sluice.vmm.device.ByteWide;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.loop.Strand;

/// A PC16550D serial port. All methods run inside its strand.
///
/// It sends as fast as the host takes bytes: a byte leaves in the same moment, unless the host has no room, and then
/// the transmitter is full for the guest to see. Nothing is sent at the speed of a wire. Input is never lost: what does
/// not fit is refused and the host keeps it.
public final class Uart16550 implements ByteDevice {
    /// Ports from the base on.
    public static final int LENGTH = 8;

    public static final int CTS = 0x10;
    public static final int DSR = 0x20;
    public static final int RI = 0x40;
    public static final int DCD = 0x80;

    private static final int IER_RECEIVED = 0x01;
    private static final int IER_TRANSMITTER = 0x02;
    private static final int IER_LINE = 0x04;
    private static final int IER_MODEM = 0x08;
    private static final int IIR_NONE = 0x01;
    private static final int IIR_MODEM = 0x00;
    private static final int IIR_TRANSMITTER = 0x02;
    private static final int IIR_RECEIVED = 0x04;
    private static final int IIR_LINE = 0x06;
    private static final int IIR_TIMEOUT = 0x0C;
    private static final int IIR_FIFOS = 0xC0;
    private static final int FCR_ENABLE = 0x01;
    private static final int FCR_CLEAR_RECEIVER = 0x02;
    private static final int FCR_CLEAR_TRANSMITTER = 0x04;
    private static final int FCR_KEPT = 0xC9;
    private static final int LCR_DLAB = 0x80;
    private static final int MCR_LOOP = 0x10;
    private static final int MCR_OUT2 = 0x08;
    private static final int LSR_DATA = 0x01;
    private static final int LSR_OVERRUN = 0x02;
    private static final int LSR_BREAK = 0x10;
    private static final int LSR_ERRORS = 0x1E;
    private static final int LSR_HOLDING_EMPTY = 0x20;
    private static final int LSR_ALL_EMPTY = 0x40;
    private static final int LSR_FIFO_ERROR = 0x80;
    private static final int[] TRIGGER = {1, 4, 8, 14};

    private final IrqLine irq;
    private final UartHost host;
    private final UartEvents events;
    private final boolean gatedByOut2;
    private final ReceiveTimeout timeout;

    private final ByteFifo receiver = new ByteFifo();
    private final ByteFifo transmitter = new ByteFifo();
    private final ModemLines modem = new ModemLines();
    private int interruptEnable;
    private int fifoControl;
    private int lineControl;
    private int modemControl;
    private int scratch;
    private int divisor;
    private int overrun;
    private boolean transmitterPending;
    private boolean refused;

    /// @param gatedByOut2 whether MCR's OUT2 connects the interrupt, as on a PC's board (QEMU's UART has no such gate)
    public Uart16550(Strand strand, IrqLine irq, UartHost host, UartEvents events, boolean gatedByOut2) {
        this.irq = irq;
        this.host = host;
        this.events = events;
        this.gatedByOut2 = gatedByOut2;
        timeout = new ReceiveTimeout(strand, this::isWaiting, this::update);
        reset();
    }

    /// The eight ports.
    public BusDevice ports() {
        return new ByteWide(this, LENGTH);
    }

    /// Master reset. What the guest had written and the host had no room for is lost, as in hardware.
    public void reset() {
        receiver.clear();
        transmitter.clear();
        interruptEnable = 0;
        fifoControl = 0;
        lineControl = 0;
        modemControl = 0;
        modem.reset();
        scratch = 0;
        divisor = (int) UartReg.DLL.spec().reset();
        overrun = 0;
        transmitterPending = false;
        timeout.clear();
        update();
        wantInput();
    }

    // ---- The host's side

    /// How many bytes [#receive] would take now. None in loopback, where the line is cut off.
    public int room() {
        return isLooped() ? 0 : depth() - receiver.count();
    }

    /// Bytes from the line: takes as many as there is room for.
    ///
    /// @return how many it took; if not all, [UartHost#inputWanted] tells when to go on
    public int receive(byte[] data, int offset, int length) {
        int taken = Math.min(length, room());
        for (int i = 0; i < taken; i++) {
            receiver.add(data[offset + i] & 0xFF);
        }
        refused |= taken < length;
        if (taken > 0) {
            arrived();
        }
        return taken;
    }

    /// A break on the line: a zero byte with the break bit. Lost if the receiver is full.
    public void receiveBreak() {
        if (room() > 0) {
            receiver.add(LSR_BREAK << 8);
            arrived();
        }
    }

    /// The host has room again for what it refused.
    public void outputReady() {
        while (!transmitter.isEmpty() && host.write((byte) transmitter.first())) {
            transmitter.remove();
            events.sent();
            transmitterPending |= transmitter.isEmpty();
        }
        update();
    }

    /// Sets the four inputs from the modem: any of [#CTS], [#DSR], [#RI], [#DCD].
    public void setModemInputs(int inputs) {
        modem.setInputs(inputs);
        modem.show(isLooped(), modemControl);
        update();
    }

    // ---- The guest's side

    @Override
    public int read(int offset) {
        return switch (UartReg.read(offset, isDlab())) {
            case RBR -> readReceiver();
            case IER -> interruptEnable;
            case IIR -> readIdentification();
            case LCR -> lineControl;
            case MCR -> modemControl;
            case LSR -> readLineStatus();
            case MSR -> readModemStatus();
            case SCR -> scratch;
            case DLL -> divisor & 0xFF;
            case DLM -> divisor >> 8;
            case THR, FCR -> 0;
        };
    }

    @Override
    public void write(int offset, int value) {
        var register = UartReg.write(offset, isDlab());
        int bits = register.written(0, value);
        switch (register) {
            case THR -> send(bits);
            case IER -> enableInterrupts(bits);
            case FCR -> controlFifos(bits);
            case LCR -> lineControl = bits;
            case MCR -> controlModem(bits);
            case SCR -> scratch = bits;
            case DLL -> divisor = divisor & 0xFF00 | bits;
            case DLM -> divisor = divisor & 0xFF | bits << 8;
            case RBR, IIR, LSR, MSR -> {}
        }
    }

    private boolean isDlab() {
        return (lineControl & LCR_DLAB) != 0;
    }

    private boolean isLooped() {
        return (modemControl & MCR_LOOP) != 0;
    }

    private boolean hasFifos() {
        return (fifoControl & FCR_ENABLE) != 0;
    }

    private int depth() {
        return hasFifos() ? ByteFifo.DEPTH : 1;
    }

    private void send(int octet) {
        // Writing ends the interrupt; it comes back as soon as the byte is gone, as a new edge on the wire.
        transmitterPending = false;
        update();
        if (isLooped()) {
            loopBack(octet);
            transmitterPending = true;
        } else if (transmitter.isEmpty() && host.write((byte) octet)) {
            events.sent();
            transmitterPending = true;
        } else if (transmitter.count() < depth()) {
            transmitter.add(octet);
        } else {
            events.transmitterOverrun();
        }
        update();
    }

    private void loopBack(int octet) {
        int character = octet & 0xFF >> 3 - (lineControl & 3);
        if (receiver.count() < depth()) {
            receiver.add(character);
        } else {
            overrun = LSR_OVERRUN;
            if (!hasFifos()) {
                // Without FIFOs the new character overwrites the old one.
                receiver.clear();
                receiver.add(character);
            }
        }
        arrived();
    }

    private void arrived() {
        timeout.start(lineControl, divisor);
        update();
    }

    private boolean isWaiting() {
        return hasFifos() && !receiver.isEmpty();
    }

    private int readReceiver() {
        if (receiver.isEmpty()) {
            return 0;
        }
        int octet = receiver.remove() & 0xFF;
        events.received();
        timeout.start(lineControl, divisor);
        update();
        wantInput();
        return octet;
    }

    private void wantInput() {
        if (refused && room() > 0) {
            refused = false;
            host.inputWanted();
        }
    }

    private int readIdentification() {
        int source = source();
        if (source == IIR_TRANSMITTER) {
            transmitterPending = false;
            update();
        }
        return source | (hasFifos() ? IIR_FIFOS : 0);
    }

    private int lineStatus() {
        int status = overrun | receiver.first() >> 8;
        if (!receiver.isEmpty()) {
            status |= LSR_DATA;
        }
        if (transmitter.isEmpty()) {
            status |= LSR_HOLDING_EMPTY | LSR_ALL_EMPTY;
        }
        if (hasFifos() && receiver.any(LSR_ERRORS << 8)) {
            status |= LSR_FIFO_ERROR;
        }
        return status;
    }

    private int readLineStatus() {
        int status = lineStatus();
        overrun = 0;
        if (!receiver.isEmpty()) {
            receiver.clearFirst(LSR_ERRORS << 8);
        }
        update();
        return status;
    }

    private int readModemStatus() {
        int status = modem.status();
        modem.forgetChanges();
        update();
        return status;
    }

    private void enableInterrupts(int bits) {
        // Switching the transmitter's interrupt on while it is empty raises it: drivers rely on it to start sending.
        boolean switchedOn = (bits & ~interruptEnable & IER_TRANSMITTER) != 0;
        interruptEnable = bits;
        transmitterPending |= switchedOn && transmitter.isEmpty();
        update();
    }

    private void controlFifos(int bits) {
        boolean toggled = ((bits ^ fifoControl) & FCR_ENABLE) != 0;
        boolean enabled = (bits & FCR_ENABLE) != 0;
        // The other bits count only together with the enable bit.
        fifoControl = enabled ? bits & FCR_KEPT : 0;
        if (toggled || enabled && (bits & FCR_CLEAR_RECEIVER) != 0) {
            receiver.clear();
        }
        if ((toggled || enabled && (bits & FCR_CLEAR_TRANSMITTER) != 0) && !transmitter.isEmpty()) {
            transmitter.clear();
            transmitterPending = true;
        }
        timeout.start(lineControl, divisor);
        update();
        wantInput();
    }

    private void controlModem(int bits) {
        modemControl = bits;
        modem.show(isLooped(), modemControl);
        update();
        wantInput();
    }

    private int source() {
        if ((interruptEnable & IER_LINE) != 0 && (lineStatus() & LSR_ERRORS) != 0) {
            return IIR_LINE;
        }
        if ((interruptEnable & IER_RECEIVED) != 0) {
            int trigger = hasFifos() ? TRIGGER[fifoControl >> 6] : 1;
            if (receiver.count() >= trigger) {
                return IIR_RECEIVED;
            }
            if (timeout.isOver()) {
                return IIR_TIMEOUT;
            }
        }
        if ((interruptEnable & IER_TRANSMITTER) != 0 && transmitterPending) {
            return IIR_TRANSMITTER;
        }
        if ((interruptEnable & IER_MODEM) != 0 && modem.hasChanged()) {
            return IIR_MODEM;
        }
        return IIR_NONE;
    }

    private void update() {
        boolean gate = !gatedByOut2 || (modemControl & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;
        irq.set(gate && source() != IIR_NONE);
    }

    public UartState state() {
        return new UartState(
                interruptEnable,
                fifoControl,
                lineControl,
                modemControl,
                overrun,
                modem.status(),
                scratch,
                divisor,
                modem.inputs(),
                transmitterPending,
                timeout.isOver(),
                receiver.toList(),
                transmitter.toList());
    }

    public void restore(UartState saved) {
        interruptEnable = saved.interruptEnable();
        fifoControl = saved.fifoControl();
        lineControl = saved.lineControl();
        modemControl = saved.modemControl();
        overrun = saved.overrun();
        scratch = saved.scratch();
        divisor = saved.divisor();
        modem.restore(saved.modemInputs(), saved.modemStatus());
        transmitterPending = saved.transmitterPending();
        receiver.restore(saved.received());
        transmitter.restore(saved.toSend());
        refused = true;
        timeout.start(lineControl, divisor);
        timeout.restore(saved.timedOut());
        outputReady();
        wantInput();
    }
}
