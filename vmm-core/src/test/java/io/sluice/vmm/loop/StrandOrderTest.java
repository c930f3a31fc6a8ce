package io.sluice.vmm.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class StrandOrderTest {
    private static final int ROUNDS = 1_000_000;

    /// A loop on a real thread.
    private static final class ThreadLoop implements EventLoop, AutoCloseable {
        private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();

        @Override
        public void execute(Runnable task) {
            thread.execute(task);
        }

        @Override
        public Timer schedule(long delayNanos, Runnable task) {
            var future = thread.schedule(task, delayNanos, TimeUnit.NANOSECONDS);
            return () -> future.cancel(false);
        }

        @Override
        public void close() {
            thread.close();
        }
    }

    @Test
    void theWorkOfOneThreadKeepsItsOrderWhileAnotherComesAndGoes() throws InterruptedException {
        List<Integer> seen = new ArrayList<>(ROUNDS);
        var done = new AtomicBoolean();
        try (var loop = new ThreadLoop()) {
            var strand = new Strand(loop, new MachineClock());
            var visitor = Thread.ofPlatform().start(() -> {
                while (!done.get()) {
                    if (strand.tryEnter()) {
                        strand.exit();
                    }
                }
            });

            for (int i = 0; i < ROUNDS; i++) {
                int number = i;
                strand.post(() -> seen.add(number));
            }
            strand.call(() -> {});
            done.set(true);
            visitor.join();
        }

        assertThat(seen).hasSize(ROUNDS).isSorted();
    }
}
