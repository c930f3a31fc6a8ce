package io.sluice.samples.mtty;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vmm.loop.StrandTimer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// One 16550 port whose transmitter is wired to its own receiver.
///
/// There is one FIFO of 16 bytes: what is written is what will be read. The transmitter is empty (LSR.THRE) when
/// everything that was sent has been read, so a driver that sends at most 16 bytes each time it sees THRE never
/// overruns. Interrupt causes are levels, worked out from the registers, so none is lost and none lingers.
final class UartPort {
    /// Causes as bits, most urgent first.
    static final int LINE_STATUS = 1;

    static final int DATA_READY = 1 << 1;
    static final int DATA_TIMEOUT = 1 << 2;
    static final int TRANSMITTER_EMPTY = 1 << 3;
    static final int MODEM_STATUS = 1 << 4;

    private static final int IER_RDI = 0x01;
    private static final int IER_THRI = 0x02;
    private static final int IER_RLSI = 0x04;
    private static final int IER_MSI = 0x08;
    private static final int FCR_ENABLE = 0x01;
    private static final int FCR_CLEAR = 0x06;
    private static final int LCR_DLAB = 0x80;
    private static final int MCR_DTR = 0x01;
    private static final int MCR_RTS = 0x02;
    private static final int MCR_AFE = 0x20;
    private static final int LSR_DR = 0x01;
    private static final int LSR_OE = 0x02;
    private static final int LSR_EMPTY = 0x60;
    private static final int MSR_DCTS = 0x01;
    private static final int MSR_DDSR = 0x02;
    private static final int MSR_CTS = 0x10;
    private static final int MSR_DSR_DCD = 0xA0;
    private static final int IIR_NONE = 0x01;
    private static final int IIR_FIFO = 0xC0;
    private static final int[] TRIGGERS = {1, 4, 8, 14};
    private static final int DEPTH = 16;
    /// Nanoseconds of one bit at divisor 1, 115200 baud.
    private static final long BIT_NANOS = 8681;

    private static final long TIMEOUT_CHARACTERS = 4;

    /// Bytes of its state: eight registers, the FIFO, head, tail, count, DLAB, overrun, padding, divisor (2), FCR (1),
    /// depth, trigger, padding. Head is where the next byte goes, tail where the next comes from.
    static final int SAVED = 36;

    private static final int AT_FIFO = 8;
    private static final int AT_HEAD = 24;
    private static final int AT_TAIL = 25;
    private static final int AT_COUNT = 26;
    private static final int AT_DLAB = 27;
    private static final int AT_OVERRUN = 28;
    private static final int AT_DIVISOR = 30;
    private static final int AT_FCR = 32;
    private static final int AT_DEPTH = 33;
    private static final int AT_TRIGGER = 34;

    /// Runs a task later, on the port's strand.
    interface Timer {
        StrandTimer after(long nanos, Runnable task);
    }

    private final Timer timer;
    private final LongSupplier clock;
    private final Runnable changed;
    private final Runnable check = this::checkTimeout;
    private final byte[] fifo = new byte[DEPTH];
    private int head;
    private int count;
    private int depth;
    private int trigger;
    private int ier;
    private int lcr;
    private int mcr;
    private int scratch;
    private int divisor;
    private int modemDeltas;
    private boolean overrun;
    private boolean timedOut;
    private boolean frozen;
    private @Nullable StrandTimer running;
    private long lastTransfer;

    /// @param changed told when the causes may have changed by time alone
    UartPort(Timer timer, LongSupplier clock, Runnable changed) {
        this.timer = timer;
        this.clock = clock;
        this.changed = changed;
        reset();
    }

    void reset() {
        clearFifo();
        depth = DEPTH;
        trigger = 1;
        ier = 0;
        lcr = 0;
        mcr = 0;
        scratch = 0;
        divisor = 0;
        modemDeltas = 0;
        overrun = false;
        restartTimer();
    }

    private void clearFifo() {
        head = 0;
        count = 0;
        timedOut = false;
    }

    int read(int offset) {
        return switch (UartReg.at(offset)) {
            case DATA -> divisorOpen() ? divisor & 0xFF : pop();
            case IER -> divisorOpen() ? divisor >> 8 : ier;
            case IIR -> identification() | IIR_FIFO;
            case LCR -> lcr;
            case MCR -> mcr;
            case LSR -> lineStatus();
            case MSR -> modemStatus();
            case SCR -> scratch;
        };
    }

    void write(int offset, int value) {
        var register = UartReg.at(offset);
        int bits = value & register.writable;
        switch (register) {
            case DATA -> {
                if (divisorOpen()) {
                    divisor = divisor & 0xFF00 | bits;
                    restartTimer();
                } else {
                    push(bits);
                }
            }
            case IER -> {
                if (divisorOpen()) {
                    divisor = divisor & 0xFF | (value & 0xFF) << 8;
                    restartTimer();
                } else {
                    ier = bits;
                }
            }
            case IIR -> controlFifo(bits);
            case LCR -> {
                lcr = bits;
                restartTimer();
            }
            case MCR -> controlModem(bits);
            case LSR, MSR -> {}
            case SCR -> scratch = bits;
        }
    }

    private boolean divisorOpen() {
        return (lcr & LCR_DLAB) != 0;
    }

    private void push(int value) {
        if (count >= depth) {
            overrun = true;
            return;
        }
        boolean cts = clearToSend();
        fifo[(head + count) % DEPTH] = (byte) value;
        count++;
        transferred(cts);
    }

    private int pop() {
        if (count == 0) {
            return 0;
        }
        boolean cts = clearToSend();
        int value = fifo[head] & 0xFF;
        head = (head + 1) % DEPTH;
        count--;
        transferred(cts);
        return value;
    }

    private void transferred(boolean ctsBefore) {
        timedOut = false;
        lastTransfer = clock.getAsLong();
        if (clearToSend() != ctsBefore) {
            modemDeltas |= MSR_DCTS;
        }
        startTimer();
    }

    /// Data below the trigger level must not stay unheard: after four characters' time it interrupts too.
    private void startTimer() {
        if (count > 0 && count < trigger && running == null && !frozen) {
            running = timer.after(timeout(), check);
        }
    }

    /// Another speed or frame: what runs was set by the old one.
    private void restartTimer() {
        if (running != null) {
            running.cancel();
            running = null;
        }
        startTimer();
    }

    private void checkTimeout() {
        running = null;
        if (count == 0 || count >= trigger) {
            return;
        }
        long left = timeout() - (clock.getAsLong() - lastTransfer);
        if (left > 0) {
            running = timer.after(left, check);
        } else {
            timedOut = true;
            changed.run();
        }
    }

    private long timeout() {
        int bits = 1 + 5 + (lcr & 3) + (lcr >> 3 & 1) + 1 + (lcr >> 2 & 1);
        return TIMEOUT_CHARACTERS * bits * BIT_NANOS * Math.max(1, divisor);
    }

    private void controlFifo(int value) {
        boolean enable = (value & FCR_ENABLE) != 0;
        if ((value & FCR_CLEAR) != 0) {
            boolean cts = clearToSend();
            clearFifo();
            if (clearToSend() != cts) {
                modemDeltas |= MSR_DCTS;
            }
        }
        depth = enable ? DEPTH : 1;
        trigger = enable ? TRIGGERS[value >> 6] : 1;
        timedOut = timedOut && count < trigger;
        startTimer();
    }

    private void controlModem(int value) {
        boolean cts = clearToSend();
        int changes = mcr ^ value;
        mcr = value;
        if ((changes & MCR_DTR) != 0) {
            modemDeltas |= MSR_DDSR;
        }
        if ((changes & MCR_RTS) != 0 || clearToSend() != cts) {
            modemDeltas |= MSR_DCTS;
        }
    }

    private boolean clearToSend() {
        return (mcr & MCR_AFE) == 0 || count < depth;
    }

    private int lineStatus() {
        int status = (count > 0 ? LSR_DR : LSR_EMPTY) | (overrun ? LSR_OE : 0);
        overrun = false;
        return status;
    }

    private int modemStatus() {
        int status = MSR_DSR_DCD | (clearToSend() ? MSR_CTS : 0) | modemDeltas;
        modemDeltas = 0;
        return status;
    }

    /// Why the port interrupts, as bits; 0 if it does not.
    int causes() {
        int all = 0;
        if ((ier & IER_RLSI) != 0 && overrun) {
            all |= LINE_STATUS;
        }
        if ((ier & IER_RDI) != 0) {
            all |= count >= trigger ? DATA_READY : timedOut ? DATA_TIMEOUT : 0;
        }
        if ((ier & IER_THRI) != 0 && count == 0) {
            all |= TRANSMITTER_EMPTY;
        }
        if ((ier & IER_MSI) != 0 && modemDeltas != 0) {
            all |= MODEM_STATUS;
        }
        return all;
    }

    /// The code of the most urgent cause.
    private int identification() {
        return switch (Integer.lowestOneBit(causes())) {
            case LINE_STATUS -> 0x06;
            case DATA_READY -> 0x04;
            case DATA_TIMEOUT -> 0x0C;
            case TRANSMITTER_EMPTY -> 0x02;
            case MODEM_STATUS -> 0x00;
            default -> IIR_NONE;
        };
    }

    // ---- migration

    /// Time stands still for it, or goes on.
    void freeze(boolean on) {
        frozen = on;
        restartTimer();
    }

    void save(ByteBuffer target) {
        int at = target.position();
        var state = target.slice(at, SAVED).order(ByteOrder.LITTLE_ENDIAN);
        int code = trigger == TRIGGERS[1] ? 1 : trigger == TRIGGERS[2] ? 2 : trigger == TRIGGERS[3] ? 3 : 0;
        state.put(UartReg.IER.ordinal(), (byte) ier)
                .put(UartReg.LCR.ordinal(), (byte) lcr)
                .put(UartReg.MCR.ordinal(), (byte) mcr)
                .put(UartReg.MSR.ordinal(), (byte) modemDeltas)
                .put(UartReg.SCR.ordinal(), (byte) scratch)
                .put(AT_FIFO, fifo)
                .put(AT_HEAD, (byte) ((head + count) % DEPTH))
                .put(AT_TAIL, (byte) head)
                .put(AT_COUNT, (byte) count)
                .put(AT_DLAB, (byte) (divisorOpen() ? 1 : 0))
                .put(AT_OVERRUN, (byte) (overrun ? 1 : 0))
                .putShort(AT_DIVISOR, (short) divisor)
                .put(AT_FCR, (byte) (code << 6 | (depth == DEPTH ? FCR_ENABLE : 0)))
                .put(AT_DEPTH, (byte) depth)
                .put(AT_TRIGGER, (byte) trigger);
        target.position(at + SAVED);
    }

    /// @throws HostException EINVAL for what no port could be in
    static void require(ByteBuffer state) {
        int depth = state.get(AT_DEPTH);
        int count = state.get(AT_COUNT);
        int tail = state.get(AT_TAIL);
        int trigger = state.get(AT_TRIGGER);
        boolean places = (depth == 1 || depth == DEPTH)
                && count >= 0
                && count <= depth
                && tail >= 0
                && tail < DEPTH
                && state.get(AT_HEAD) == (tail + count) % DEPTH;
        boolean levels = trigger == 0 || Arrays.stream(TRIGGERS).anyMatch(level -> level == trigger);
        boolean bits = state.get(AT_DLAB) == ((state.get(UartReg.LCR.ordinal()) & LCR_DLAB) != 0 ? 1 : 0)
                && (state.get(AT_OVERRUN) & ~1) == 0;
        if (!places || !levels || !bits) {
            throw new HostException(Errno.EINVAL, "no port could be in that state");
        }
    }

    /// Takes a state that [#require] has let through. Bits that no register has are dropped.
    void load(ByteBuffer state) {
        ier = state.get(UartReg.IER.ordinal()) & UartReg.IER.writable;
        lcr = state.get(UartReg.LCR.ordinal()) & UartReg.LCR.writable;
        mcr = state.get(UartReg.MCR.ordinal()) & UartReg.MCR.writable;
        modemDeltas = state.get(UartReg.MSR.ordinal()) & (MSR_DCTS | MSR_DDSR);
        scratch = state.get(UartReg.SCR.ordinal()) & UartReg.SCR.writable;
        state.get(AT_FIFO, fifo);
        head = state.get(AT_TAIL);
        count = state.get(AT_COUNT);
        overrun = state.get(AT_OVERRUN) != 0;
        divisor = state.getShort(AT_DIVISOR) & 0xFFFF;
        depth = state.get(AT_DEPTH);
        trigger = Math.max(1, state.get(AT_TRIGGER));
        timedOut = false;
        lastTransfer = clock.getAsLong();
        restartTimer();
    }
}
