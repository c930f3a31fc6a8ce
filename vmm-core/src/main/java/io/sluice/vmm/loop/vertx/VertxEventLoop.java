package io.sluice.vmm.loop.vertx;

import io.netty.channel.SingleThreadIoEventLoop;
import io.sluice.vmm.loop.EventLoop;
import io.sluice.vmm.meter.LongHistogram;
import io.sluice.vmm.meter.Meter.Unit;
import io.sluice.vmm.meter.MeterGroup;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue;

/// One event loop. Tasks go through a queue of its own, so that handing one over allocates nothing, a failure reaches
/// [LoopEvents], and time is taken once a batch. After [VertxLoops#close] tasks and timers are dropped.
final class VertxEventLoop implements EventLoop {
    private static final int BATCH = 256;

    private final String name;
    private final SingleThreadIoEventLoop netty;
    private final LoopEvents events;
    private final MpscUnboundedAtomicArrayQueue<Runnable> queue = new MpscUnboundedAtomicArrayQueue<>(256);
    private final Runnable drain = this::drain;

    /// Whether `drain` is with Netty already.
    private final AtomicBoolean scheduled = new AtomicBoolean();

    private volatile long handedOverAt;
    private volatile long maxLag;
    private volatile long maxBatch;
    private volatile long batches;

    private final LongHistogram lag = LongHistogram.ofNanos();
    private final LongHistogram busy = LongHistogram.ofNanos();
    /// Of the loop's thread.
    private long tasks;

    VertxEventLoop(String name, SingleThreadIoEventLoop netty, LoopEvents events) {
        this.name = name;
        this.netty = netty;
        this.events = events;
    }

    SingleThreadIoEventLoop netty() {
        return netty;
    }

    /// Hangs out what the loop counts anyway.
    void hang(MeterGroup group) {
        var tags = Map.of("loop", name);
        group.histogram(
                "sluice.loop.lag", Unit.SECONDS, "Time from a task's moment to the start of its batch", tags, lag);
        group.histogram("sluice.loop.busy", Unit.SECONDS, "Time that one batch of tasks held the loop", tags, busy);
        group.counter("sluice.loop.tasks", Unit.NONE, "Tasks and timers that the loop has run", tags, () -> tasks);
        group.gauge("sluice.loop.backlog", Unit.NONE, "Tasks that wait for the loop", tags, queue::size);
    }

    LoopWatch watch() {
        return new LoopWatch(maxLag, maxBatch, batches);
    }

    @Override
    public void execute(Runnable task) {
        queue.offer(task);
        if (scheduled.compareAndSet(false, true)) {
            handedOverAt = System.nanoTime();
            submit();
        }
    }

    private void submit() {
        try {
            netty.execute(drain);
        } catch (RejectedExecutionException e) {
            queue.clear(); // closed: nobody is left to run it
        }
    }

    private void drain() {
        long start = System.nanoTime();
        late(start - handedOverAt);
        int done = 0;
        for (; done < BATCH; done++) {
            var task = queue.poll();
            if (task == null) {
                break;
            }
            run(task);
        }
        finished(start, done);
        scheduled.set(false);
        if (!queue.isEmpty() && scheduled.compareAndSet(false, true)) {
            handedOverAt = System.nanoTime();
            submit();
        }
    }

    private void late(long nanos) {
        maxLag = Math.max(maxLag, nanos);
        lag.record(nanos);
    }

    private void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            events.failed(name, e);
        }
    }

    /// Numbers are written once a batch: who hands work over reads fields beside them.
    private void finished(long start, int done) {
        long took = System.nanoTime() - start;
        maxBatch = Math.max(maxBatch, took);
        busy.record(took);
        tasks += done;
        batches++;
        if (took > VertxLoops.BLOCKED_NANOS) {
            events.blocked(name, took);
        }
    }

    @Override
    public Timer schedule(long delayNanos, Runnable task) {
        long due = System.nanoTime() + delayNanos;
        try {
            var future = netty.schedule(() -> fire(due, task), delayNanos, TimeUnit.NANOSECONDS);
            return () -> future.cancel(false);
        } catch (RejectedExecutionException e) {
            return () -> {};
        }
    }

    private void fire(long due, Runnable task) {
        long start = System.nanoTime();
        late(start - due);
        run(task);
        finished(start, 1);
    }
}
