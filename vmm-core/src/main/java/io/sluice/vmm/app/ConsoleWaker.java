package io.sluice.vmm.app;

import io.sluice.vmm.posix.Libc;
import java.util.concurrent.atomic.AtomicBoolean;

/// Wakes the console's thread out of poll(2). Costs the waker nothing while that thread is awake anyway.
final class ConsoleWaker implements AutoCloseable {
    private final int event = newEvent();
    private final AtomicBoolean sleeping = new AtomicBoolean();

    private static int newEvent() {
        int event = Libc.newEvent();
        if (event < 0) {
            throw new IllegalStateException("no file descriptor left for the console");
        }
        return event;
    }

    /// Any thread, after it has put its work where the console's thread looks for it.
    void wake() {
        if (sleeping.get() && sleeping.compareAndSet(true, false)) {
            Libc.signal(event);
        }
    }

    /// Console's thread: from here on [#wake] signals. It has to look for work once more before it sleeps.
    void sleeps() {
        sleeping.set(true);
    }

    /// Console's thread: is awake.
    void wakes() {
        sleeping.set(false);
    }

    int descriptor() {
        return event;
    }

    @Override
    public void close() {
        sleeping.set(false);
        Libc.close(event);
    }
}
