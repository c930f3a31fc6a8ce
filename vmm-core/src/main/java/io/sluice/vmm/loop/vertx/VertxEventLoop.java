package io.sluice.vmm.loop.vertx;

import io.netty.channel.SingleThreadIoEventLoop;
import io.sluice.vmm.loop.EventLoop;
import io.sluice.vmm.meter.Meter.Unit;
import io.sluice.vmm.meter.MeterGroup;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue;

/// One event loop. Tasks go through a queue of its own, so that handing one over allocates nothing, a failure reaches
/// [LoopEvents], and time is taken once a batch. After [VertxLoops#close] tasks and timers are dropped.
final class VertxEventLoop implements EventLoop {
    private static final int BATCH = 256;

    private final SingleThreadIoEventLoop netty;
    private final LoopTimes times;
    private final PolledSources sources;
    private final MpscUnboundedAtomicArrayQueue<Runnable> queue = new MpscUnboundedAtomicArrayQueue<>(256);
    private final Runnable drain = this::drain;

    /// Whether `drain` is with Netty already.
    private final AtomicBoolean scheduled = new AtomicBoolean();

    private volatile long handedOverAt;

    VertxEventLoop(SingleThreadIoEventLoop netty, LoopTimes times, PolledSources sources) {
        this.netty = netty;
        this.times = times;
        this.sources = sources;
    }

    SingleThreadIoEventLoop netty() {
        return netty;
    }

    /// Hangs out what the loop counts anyway.
    void hang(MeterGroup group) {
        times.hang(group);
        group.gauge("sluice.loop.backlog", Unit.NONE, "Tasks that wait for the loop", times.tags(), queue::size);
    }

    LoopWatch watch() {
        return times.watch();
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
        times.late(start - handedOverAt);
        int done = 0;
        for (; done < BATCH; done++) {
            var task = queue.poll();
            if (task == null) {
                break;
            }
            times.run(task);
        }
        times.finished(start, done);
        sources.look(); // here too, for tasks that bring tasks keep the loop from its next round
        scheduled.set(false);
        if (!queue.isEmpty() && scheduled.compareAndSet(false, true)) {
            handedOverAt = System.nanoTime();
            submit();
        }
    }

    @Override
    public boolean poll(Source source) {
        return sources.add(source);
    }

    /// Ends the loop after the tasks that are queued now, those in polled sources among them.
    void close(long mostSeconds) {
        execute(sources::close);
        netty.shutdownGracefully(0, mostSeconds, TimeUnit.SECONDS);
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
        times.late(start - due);
        times.run(task);
        times.finished(start, 1);
    }
}
