package io.sluice.vmm.loop;

/// The clock of the machine: nanoseconds that the guest has lived. It stands still while the machine is stopped.
/// Any thread reads it; the machine alone starts and stops it.
public final class MachineClock {
    private volatile long offset;
    private volatile long stoppedAt;
    private volatile boolean running;

    /// Nanoseconds of guest life, monotonic.
    public long nanos() {
        return running ? System.nanoTime() - offset : stoppedAt;
    }

    public boolean isRunning() {
        return running;
    }

    public void start() {
        if (!running) {
            offset = System.nanoTime() - stoppedAt;
            running = true;
        }
    }

    public void stop() {
        if (running) {
            stoppedAt = System.nanoTime() - offset;
            running = false;
        }
    }
}
