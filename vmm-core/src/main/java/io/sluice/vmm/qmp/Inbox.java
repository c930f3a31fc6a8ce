package io.sluice.vmm.qmp;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

/// What other threads bring to the loop, in order. After each batch `afterBatch` runs.
final class Inbox {
    private final ConcurrentLinkedQueue<Runnable> queue = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private final Executor loop;
    private final Runnable afterBatch;

    Inbox(Executor loop, Runnable afterBatch) {
        this.loop = loop;
        this.afterBatch = afterBatch;
    }

    /// Any thread.
    void post(Runnable task) {
        queue.add(task);
        if (scheduled.compareAndSet(false, true)) {
            loop.execute(this::drain);
        }
    }

    private void drain() {
        scheduled.set(false);
        try {
            for (var task = queue.poll(); task != null; task = queue.poll()) {
                task.run();
            }
        } finally {
            afterBatch.run();
            if (!queue.isEmpty() && scheduled.compareAndSet(false, true)) {
                loop.execute(this::drain); // a task that threw has left others behind
            }
        }
    }
}
