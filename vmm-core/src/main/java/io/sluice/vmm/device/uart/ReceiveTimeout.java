package io.sluice.vmm.device.uart;

import io.sluice.vmm.device.DeviceTimer;
import io.sluice.vmm.loop.Strand;
import java.util.function.BooleanSupplier;

/// Four characters without a byte moved, and some are left in the FIFO: the guest is told though its trigger is not
/// reached. The alarm is moved only when it rings, not for each byte.
final class ReceiveTimeout {
    /// Nanoseconds of one bit at divisor 1: sixteen periods of 1.8432 MHz.
    private static final long BIT_NANOS = 8_680;

    private static final long CHARACTERS = 4;

    private final Strand strand;
    private final BooleanSupplier waiting;
    private final Runnable expired;
    private final DeviceTimer timer;
    private long quietUntil;
    private boolean over;

    /// @param waiting whether there are bytes that the guest should hear of
    ReceiveTimeout(Strand strand, BooleanSupplier waiting, Runnable expired) {
        this.strand = strand;
        this.waiting = waiting;
        this.expired = expired;
        timer = new DeviceTimer(strand, this::ring);
    }

    boolean isOver() {
        return over;
    }

    void clear() {
        over = false;
        timer.clear();
    }

    /// A byte moved: the time starts anew.
    void start(int lineControl, int divisor) {
        over = false;
        if (!waiting.getAsBoolean()) {
            return;
        }
        // Start and stop bit, five to eight data bits, the second stop bit and the parity bit.
        int bits = 7 + (lineControl & 3) + (lineControl >> 2 & 1) + (lineControl >> 3 & 1);
        quietUntil = strand.clock().nanos() + CHARACTERS * bits * BIT_NANOS * Math.max(1, divisor);
        if (timer.deadline() == DeviceTimer.NEVER) {
            timer.set(quietUntil);
        }
    }

    void restore(boolean savedOver) {
        over = savedOver;
    }

    private void ring() {
        if (!waiting.getAsBoolean()) {
            return;
        }
        if (strand.clock().nanos() < quietUntil) {
            timer.set(quietUntil);
        } else {
            over = true;
            expired.run();
        }
    }
}
