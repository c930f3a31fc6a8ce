package io.sluice.vmm.app;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/// Lets a machine end in good order when a signal ends the process: SIGINT, SIGTERM or SIGHUP. The process waits for
/// it, but not for long.
final class SignalGuard implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 2;

    private final BooleanSupplier quit;
    private final CountDownLatch over = new CountDownLatch(1);
    private final Thread hook = new Thread(this::signalled, "signal");

    private SignalGuard(BooleanSupplier quit) {
        this.quit = quit;
    }

    /// @param quit asks the machine to end, on a thread of its own; must not block. `false` if there is nothing to wait
    ///     for
    static SignalGuard over(BooleanSupplier quit) {
        var guard = new SignalGuard(quit);
        Runtime.getRuntime().addShutdownHook(guard.hook);
        return guard;
    }

    private void signalled() {
        if (!quit.getAsBoolean()) {
            return;
        }
        try {
            over.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// The machine has ended, and everything of it is given back.
    @Override
    public void close() {
        over.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // A signal it was; the hook does not wait any longer.
        }
    }
}
