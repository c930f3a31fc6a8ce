package io.sluice.vmm.loop;

import org.jspecify.annotations.Nullable;

/// A task that runs inside its strand at a moment of the machine's clock.
public final class StrandTimer {
    private static final long RETRY_WHILE_STOPPED = 10_000_000;

    private final Strand strand;
    private final EventLoop loop;
    private final long deadline;
    private final Runnable task;
    private volatile EventLoop.@Nullable Timer timer;
    private volatile boolean cancelled;

    StrandTimer(Strand strand, EventLoop loop, long deadline, Runnable task) {
        this.strand = strand;
        this.loop = loop;
        this.deadline = deadline;
        this.task = task;
    }

    void arm() {
        long wait = strand.clock().isRunning()
                ? Math.max(0, deadline - strand.clock().nanos())
                : RETRY_WHILE_STOPPED;
        timer = loop.schedule(wait, this::fire);
        if (cancelled) {
            cancel();
        }
    }

    private void fire() {
        if (cancelled) {
            return;
        }
        if (!strand.clock().isRunning() || strand.clock().nanos() < deadline) {
            arm();
        } else {
            strand.post(this::run);
        }
    }

    private void run() {
        if (!cancelled) {
            task.run();
        }
    }

    /// After this returns inside the strand, the task does not start any more.
    public void cancel() {
        cancelled = true;
        var set = timer;
        if (set != null) {
            set.cancel();
        }
    }
}
