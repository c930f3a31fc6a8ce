package io.sluice.vmm.loop.vertx;

import io.sluice.vmm.meter.LongHistogram;
import io.sluice.vmm.meter.Meter.Unit;
import io.sluice.vmm.meter.MeterGroup;
import java.util.Map;

/// Runs a loop's tasks, tells [LoopEvents] of what fails, and keeps account of time. Written by the loop's thread; any
/// thread reads.
final class LoopTimes {
    private final String name;
    private final LoopEvents events;

    private volatile long maxLag;
    private volatile long maxBatch;
    private volatile long batches;

    private final LongHistogram lag = LongHistogram.ofNanos();
    private final LongHistogram busy = LongHistogram.ofNanos();
    /// Of the loop's thread.
    private long tasks;

    LoopTimes(String name, LoopEvents events) {
        this.name = name;
        this.events = events;
    }

    /// Hangs out what the loop counts anyway.
    void hang(MeterGroup group) {
        var tags = tags();
        group.histogram(
                "sluice.loop.lag", Unit.SECONDS, "Time from a task's moment to the start of its batch", tags, lag);
        group.histogram("sluice.loop.busy", Unit.SECONDS, "Time that one batch of tasks held the loop", tags, busy);
        group.counter("sluice.loop.tasks", Unit.NONE, "Tasks and timers that the loop has run", tags, () -> tasks);
    }

    Map<String, String> tags() {
        return Map.of("loop", name);
    }

    LoopWatch watch() {
        return new LoopWatch(maxLag, maxBatch, batches);
    }

    void late(long nanos) {
        maxLag = Math.max(maxLag, nanos);
        lag.record(nanos);
    }

    void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            events.failed(name, e);
        }
    }

    /// Numbers are written once a batch: who hands work over reads fields beside them.
    void finished(long start, int done) {
        long took = System.nanoTime() - start;
        maxBatch = Math.max(maxBatch, took);
        busy.record(took);
        tasks += done;
        batches++;
        if (took > VertxLoops.BLOCKED_NANOS) {
            events.blocked(name, took);
        }
    }
}
