package io.sluice.vmm.testkit;

import io.sluice.vmm.loop.EventLoop;
import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.loop.Strand;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Queue;
import java.util.function.BooleanSupplier;

/// An event loop that runs when the test says so, on the test's thread.
///
/// A strand with deferred work is busy until [#run]: a read through the bus would wait for ever before that.
public final class DirectLoop implements EventLoop {
    private static final class Scheduled implements Timer {
        private final long due;
        private final Runnable task;
        private boolean cancelled;

        Scheduled(long due, Runnable task) {
            this.due = due;
            this.task = task;
        }

        @Override
        public void cancel() {
            cancelled = true;
        }
    }

    private final MachineClock clock = new MachineClock();
    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private final ArrayList<Scheduled> timers = new ArrayList<>();

    public DirectLoop() {
        clock.start();
    }

    /// A strand of this loop, with a clock that runs.
    public Strand strand() {
        return new Strand(this, clock);
    }

    public MachineClock clock() {
        return clock;
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
    }

    @Override
    public Timer schedule(long delayNanos, Runnable task) {
        var timer = new Scheduled(System.nanoTime() + delayNanos, task);
        timers.add(timer);
        return timer;
    }

    /// Timers that are set and not cancelled.
    public long pendingTimers() {
        return timers.stream().filter(t -> !t.cancelled).count();
    }

    /// Runs what was handed over, and what that hands over, until nothing is left.
    public void run() {
        for (var task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
    }

    /// Runs tasks and timers that are due.
    public void turn() {
        run();
        for (var timer : new ArrayList<>(timers)) {
            if (timer.cancelled || System.nanoTime() - timer.due >= 0) {
                timers.remove(timer);
                if (!timer.cancelled) {
                    timer.task.run();
                }
            }
        }
        run();
    }

    /// Turns until `done`, two seconds at most.
    public boolean turnUntil(BooleanSupplier done) {
        long end = System.nanoTime() + 2_000_000_000L;
        while (!done.getAsBoolean() && System.nanoTime() - end < 0) {
            turn();
        }
        return done.getAsBoolean();
    }
}
