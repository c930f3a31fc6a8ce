package io.sluice.vmm.loop;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue;
import org.jspecify.annotations.Nullable;

/// The serial place of a device: at most one thread is inside, so what lives here has no locks.
///
/// A thread that finds the strand idle may go in itself ([#tryEnter], [#exit]); otherwise work is queued and the
/// strand's event loop does it in order. Work of one thread is done in the order in which that thread brought it.
/// Whoever is inside a strand may [#post] to any strand, its own included, but must never [#call] one: a device
/// never waits for a device.
///
/// A loop that is awake looks into the queue by itself. So whoever brings work waits for no cache line that the loop
/// has
/// written since: it touches the queue's producer side, the slot, which is a plain store, and `polled`, which changes
/// only when the loop falls asleep or wakes (docs/adr/0001). Nothing is lost by that: bringing work is an atomic
/// addition to the producers' index and comes before the look at `polled`; the loop clears `polled` before it looks at
/// that index for the last time. One of the two sees the other.
public final class Strand {
    private static final VarHandle ELEMENT = MethodHandles.arrayElementVarHandle(long[].class);
    /// In longs: two cache lines, which processors fetch together.
    private static final int LINE = 16;

    private static final long NOBODY = 0;
    /// Taken for a [#drain] that is with the loop.
    private static final long SCHEDULED = -1;
    private static final int DRAIN_BATCH = 64;
    private static final int SPINS = 2_000;

    private final EventLoop loop;
    private final MachineClock clock;
    private final MpscUnboundedAtomicArrayQueue<Runnable> queue = new MpscUnboundedAtomicArrayQueue<>(64);
    private final Runnable drain = this::drain;
    private final EventLoop.Source source = new Polled();

    /// At `LINE`, with nothing else near it: the id of the thread that is inside, or [#NOBODY], or [#SCHEDULED].
    private final long[] inside = new long[2 * LINE + 1];

    /// Whether the loop looks into the queue by itself. Written on the loop's thread.
    private volatile boolean polled;

    /// At least so many tasks have been taken from the queue; as of when somebody last had to know.
    private volatile long taken;

    public Strand(EventLoop loop, MachineClock clock) {
        this.loop = loop;
        this.clock = clock;
    }

    public MachineClock clock() {
        return clock;
    }

    /// Goes in if nobody is inside and nothing waits. Who gets `true` must call [#exit].
    public boolean tryEnter() {
        if (!take(Thread.currentThread().threadId())) {
            return false;
        }
        if (queue.isEmpty()) {
            return true;
        }
        exit(); // what waits may be this thread's own, and comes first
        return false;
    }

    /// Leaves the strand; work that came meanwhile goes to the loop.
    public void exit() {
        ELEMENT.setVolatile(inside, LINE, NOBODY);
        if (!queue.isEmpty() && !polled) {
            handOver();
        }
    }

    /// Whether this thread is inside.
    public boolean isInside() {
        return (long) ELEMENT.getOpaque(inside, LINE) == Thread.currentThread().threadId();
    }

    private boolean take(long who) {
        return ELEMENT.compareAndSet(inside, LINE, NOBODY, who);
    }

    private void handOver() {
        if (take(SCHEDULED)) {
            loop.execute(drain);
        }
    }

    /// Does `task` inside the strand: at once on this thread if the strand is idle, else later on the loop.
    /// For work that only stores state or raises a line; a task that starts real work goes through [#defer].
    public void post(Runnable task) {
        if (tryEnter()) {
            try {
                task.run();
            } finally {
                exit();
            }
        } else {
            defer(task);
        }
    }

    /// Does `task` inside the strand, later, on the loop.
    public void defer(Runnable task) {
        queue.offer(task);
        if (!polled) {
            handOver();
        }
    }

    /// As [#defer], but only if fewer than about `most` tasks wait. Unlike [#backlog] this looks at what the loop
    /// writes
    /// only once in `most` tasks.
    public boolean tryDefer(Runnable task, int most) {
        long brought = queue.currentProducerIndex();
        if (brought - taken >= most) {
            long now = queue.currentConsumerIndex();
            taken = now;
            if (brought - now >= most) {
                return false;
            }
        }
        defer(task);
        return true;
    }

    /// How many tasks wait, about.
    public int backlog() {
        return queue.size();
    }

    /// Does `task` inside the strand and waits for it. Only for threads that are in no strand and on no loop.
    ///
    /// @throws IllegalStateException from inside this strand, where it would wait for ever
    public void call(Runnable task) {
        if (isInside()) {
            throw new IllegalStateException("a strand is called from inside");
        }
        if (tryEnter()) {
            try {
                task.run();
            } finally {
                exit();
            }
            return;
        }
        var waiter = new Waiter(task, Thread.currentThread());
        defer(waiter);
        waiter.await();
    }

    /// Does `task` inside the strand once the machine's clock reaches `deadline` (nanoseconds of [MachineClock]).
    /// A stopped clock postpones it.
    public StrandTimer at(long deadline, Runnable task) {
        var timer = new StrandTimer(this, loop, deadline, task);
        timer.arm();
        return timer;
    }

    /// On the loop, which was told to: the strand is taken already.
    private void drain() {
        ELEMENT.setOpaque(inside, LINE, Thread.currentThread().threadId());
        if (!polled) {
            polled = loop.poll(source);
        }
        runBatch();
    }

    /// Inside. A task that throws ends the batch, not the strand.
    private void runBatch() {
        boolean comesBack = polled;
        try {
            for (int i = 0; i < DRAIN_BATCH; i++) {
                // Relaxed: an empty queue is seen by its slot, and the producers' index is left with the producers.
                var task = comesBack ? queue.relaxedPoll() : queue.poll();
                if (task == null) {
                    break;
                }
                task.run();
            }
        } finally {
            if (comesBack) {
                ELEMENT.setRelease(inside, LINE, NOBODY);
            } else {
                exit();
            }
        }
    }

    /// The queue, as the loop looks at it.
    private final class Polled implements EventLoop.Source {
        @Override
        public boolean isReady() {
            return queue.relaxedPeek() != null && (long) ELEMENT.getOpaque(inside, LINE) == NOBODY;
        }

        @Override
        public void run() {
            if (take(Thread.currentThread().threadId())) {
                runBatch();
            }
        }

        @Override
        public void unpolled() {
            polled = false;
            if (!queue.isEmpty()) {
                handOver();
            }
        }
    }

    private static final class Waiter implements Runnable {
        private final Runnable task;
        private final Thread thread;
        private volatile boolean done;
        private volatile @Nullable Throwable failure;

        Waiter(Runnable task, Thread thread) {
            this.task = task;
            this.thread = thread;
        }

        @Override
        public void run() {
            try {
                task.run();
            } catch (RuntimeException | Error e) {
                failure = e;
            }
            done = true;
            LockSupport.unpark(thread);
        }

        void await() {
            for (int i = 0; i < SPINS && !done; i++) {
                Thread.onSpinWait();
            }
            while (!done) {
                LockSupport.park(this);
            }
            if (failure != null) {
                throw new IllegalStateException("a strand's task failed", failure);
            }
        }
    }
}
