package io.sluice.vmm.loop;

import java.util.function.LongSupplier;

/// The clock of the machine: nanoseconds that the guest has lived. It stands still while the machine is stopped.
/// Any thread reads it; the machine alone starts and stops it.
public final class MachineClock {
    private final LongSupplier source;
    private volatile long offset;
    private volatile long stoppedAt;
    private volatile boolean running;

    /// Runs with the host's monotonic clock.
    public MachineClock() {
        this(System::nanoTime);
    }

    /// @param source monotonic nanoseconds from any origin
    public MachineClock(LongSupplier source) {
        this.source = source;
    }

    /// Nanoseconds of guest life, monotonic.
    public long nanos() {
        return running ? source.getAsLong() - offset : stoppedAt;
    }

    public boolean isRunning() {
        return running;
    }

    public void start() {
        if (!running) {
            offset = source.getAsLong() - stoppedAt;
            running = true;
        }
    }

    public void stop() {
        if (running) {
            stoppedAt = source.getAsLong() - offset;
            running = false;
        }
    }
}
