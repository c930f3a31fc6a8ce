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
public final class Strand {
    private static final VarHandle STATE;
    private static final int IDLE = 0;
    private static final int BUSY = 1;
    private static final int DRAIN_BATCH = 64;
    private static final int SPINS = 2_000;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Strand.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final EventLoop loop;
    private final MachineClock clock;
    private final MpscUnboundedAtomicArrayQueue<Runnable> queue = new MpscUnboundedAtomicArrayQueue<>(64);
    private final Runnable drain = this::drain;

    @SuppressWarnings("unused") // by STATE
    private volatile int state = IDLE;

    /// The thread that is inside. Read by other threads too, which find anything but themselves.
    private @Nullable Thread inside;

    public Strand(EventLoop loop, MachineClock clock) {
        this.loop = loop;
        this.clock = clock;
    }

    public MachineClock clock() {
        return clock;
    }

    /// Goes in if nobody is inside and nothing waits. Who gets `true` must call [#exit].
    public boolean tryEnter() {
        if (!STATE.compareAndSet(this, IDLE, BUSY)) {
            return false;
        }
        if (queue.isEmpty()) {
            inside = Thread.currentThread();
            return true;
        }
        // Caught between the two halves of exit(): what waits may be this thread's own, and comes first.
        loop.execute(drain);
        return false;
    }

    /// Leaves the strand; work that came meanwhile goes to the loop.
    public void exit() {
        inside = null;
        STATE.setVolatile(this, IDLE);
        if (!queue.isEmpty() && STATE.compareAndSet(this, IDLE, BUSY)) {
            loop.execute(drain);
        }
    }

    /// Whether this thread is inside.
    public boolean isInside() {
        return Thread.currentThread().equals(inside);
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
        if (STATE.compareAndSet(this, IDLE, BUSY)) {
            loop.execute(drain);
        }
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

    private void drain() {
        // Inside: BUSY was set by whoever scheduled this. A task that throws ends the batch, not the strand.
        inside = Thread.currentThread();
        try {
            for (int i = 0; i < DRAIN_BATCH; i++) {
                var task = queue.poll();
                if (task == null) {
                    break;
                }
                task.run();
            }
        } finally {
            exit();
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
