package io.sluice.vmm.loop.vertx;

import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.FastThreadLocalThread;
import io.netty.util.concurrent.RejectedExecutionHandlers;
import io.sluice.vmm.loop.EventLoop;
import io.sluice.vmm.meter.MeterBoard;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// The event loops of one machine: `vm-loop` for the platform devices, `io-loop-0`, `io-loop-1`, … for busy ones.
///
/// The loops live as long as this object. [#vertx] is a Vert.x whose event loops are these very threads; it is made
/// when somebody first asks, because it brings a watchdog thread of its own that a machine without control sockets
/// does not need.
public final class VertxLoops implements AutoCloseable {
    /// A batch of tasks that holds a loop longer than this is told to [LoopEvents#blocked].
    public static final long BLOCKED_NANOS = TimeUnit.SECONDS.toNanos(1);

    /// How long a loop looks for more work before it sleeps.
    static final long SPIN_NANOS = 20_000;

    /// How long tasks that bring tasks keep a loop from its polled sources, its timers and its channels.
    private static final long MOST_TASK_MILLIS = 1;

    private static final long CLOSE_SECONDS = 5;

    private final List<VertxEventLoop> loops = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private @Nullable Vertx vertx;

    private VertxLoops() {}

    /// Starts the VM loop and `ioLoops` more.
    public static VertxLoops start(int ioLoops, LoopEvents events) {
        return start(ioLoops, events, SPIN_NANOS);
    }

    static VertxLoops start(int ioLoops, LoopEvents events, long spinNanos) {
        var started = new VertxLoops();
        started.add("vm-loop", events, spinNanos);
        for (int i = 0; i < ioLoops; i++) {
            started.add("io-loop-" + i, events, spinNanos);
        }
        return started;
    }

    private void add(String name, LoopEvents events, long spinNanos) {
        ThreadFactory factory = task -> thread(task, name);
        var times = new LoopTimes(name, events);
        var sources = new PolledSources(times);
        var wait = LoopWait.factory(NioIoHandler.newFactory(), sources, spinNanos);
        var netty = new SingleThreadIoEventLoop(
                null, factory, wait, Integer.MAX_VALUE, RejectedExecutionHandlers.reject(), MOST_TASK_MILLIS);
        loops.add(new VertxEventLoop(netty, times, sources));
        netty.execute(() -> {}); // starts the thread
    }

    private Thread thread(Runnable task, String name) {
        var thread = new FastThreadLocalThread(task, name);
        thread.setDaemon(true);
        threads.add(thread);
        return thread;
    }

    /// The loop of the platform devices.
    public EventLoop vm() {
        return loops.getFirst();
    }

    /// One of the loops for busy devices; any number will do, they are dealt out in turn. The VM loop if there is no
    /// other.
    public EventLoop io(int index) {
        return loops.size() == 1 ? vm() : loops.get(1 + Math.floorMod(index, loops.size() - 1));
    }

    /// How the loops keep time, the VM loop first.
    public List<LoopWatch> watches() {
        return loops.stream().map(VertxEventLoop::watch).toList();
    }

    /// Hangs out what the loops count: how late they are, how busy, what waits for them.
    public void hang(MeterBoard board) {
        var group = board.group();
        loops.forEach(loop -> loop.hang(group));
    }

    /// Vert.x on these loops, for sockets and HTTP, but not on the VM loop if there is another: clients, however many,
    /// do not hold the guest's timers. Not for devices: they know only [EventLoop].
    public synchronized Vertx vertx() {
        if (vertx == null) {
            var ioLoops = loops.size() == 1 ? loops : loops.subList(1, loops.size());
            var group =
                    new LoopGroup(ioLoops.stream().map(VertxEventLoop::netty).toList());
            var options = new VertxOptions()
                    .setEventLoopPoolSize(ioLoops.size())
                    .setWorkerPoolSize(1)
                    .setInternalBlockingPoolSize(1)
                    .setBlockedThreadCheckInterval(TimeUnit.DAYS.toMillis(1))
                    .setBlockedThreadCheckIntervalUnit(TimeUnit.MILLISECONDS)
                    .setUseDaemonThread(true)
                    .setFileSystemOptions(new FileSystemOptions()
                            .setClassPathResolvingEnabled(false)
                            .setFileCachingEnabled(false));
            vertx = Vertx.builder()
                    .with(options)
                    .withTransport(new LoopTransport(group))
                    .build();
        }
        return vertx;
    }

    /// Ends the loops after the tasks that are queued now; when this returns their threads are gone. Tasks that are
    /// handed over later are dropped. Not from a loop.
    @Override
    public synchronized void close() {
        if (threads.contains(Thread.currentThread())) {
            throw new IllegalStateException("a loop cannot close the loops: it would wait for itself");
        }
        if (vertx != null) {
            closeVertx(vertx);
            vertx = null;
        }
        loops.forEach(loop -> loop.close(CLOSE_SECONDS));
        threads.forEach(VertxLoops::join);
    }

    private static void closeVertx(Vertx vertx) {
        try {
            vertx.close().await(CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            // A channel that does not end in time ends with its loop.
        }
    }

    private static void join(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
