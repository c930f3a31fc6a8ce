package io.sluice.vmm.disk;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jctools.queues.atomic.MpscAtomicArrayQueue;
import org.jspecify.annotations.Nullable;

/// One `-drive`: a file, the thread that waits for it, and what was done with it. One device at a time has it.
public final class Drive implements AutoCloseable {
    /// Tasks that may wait, all devices' bounds together.
    private static final int MOST_TASKS = 256;

    private final String id;
    private final DiskFile file;
    private final DriveStats stats = new DriveStats();
    private final AtomicBoolean taken = new AtomicBoolean();
    private final MpscAtomicArrayQueue<Task> tasks = new MpscAtomicArrayQueue<>(MOST_TASKS);
    private volatile @Nullable Thread thread;
    private volatile boolean parked;
    private volatile boolean closing;

    /// Something that may wait for the file. On the drive's thread, one after the other, in the order of [#submit].
    @FunctionalInterface
    public interface Task {
        /// @param scratch for its system calls
        void run(IoVector scratch);
    }

    Drive(String id, DiskFile file) {
        this.id = id;
        this.file = file;
    }

    public String id() {
        return id;
    }

    public DiskFile file() {
        return file;
    }

    public DriveStats stats() {
        return stats;
    }

    /// Takes the drive for a device; `false` if another has it.
    public boolean take() {
        return taken.compareAndSet(false, true);
    }

    /// The device is gone. When this returns nothing that it submitted runs any more. From a thread that may wait.
    public void release() {
        drain();
        taken.set(false);
    }

    public boolean isTaken() {
        return taken.get();
    }

    /// Has `task` run on the drive's thread; the first one starts it. Any thread may call but only one starts the
    /// drive;
    /// never blocks.
    public void submit(Task task) {
        if (!tasks.offer(task)) {
            throw new IllegalStateException("a device has more than " + MOST_TASKS + " requests on a drive");
        }
        if (thread == null) {
            start();
        }
        if (parked) {
            LockSupport.unpark(thread);
        }
    }

    private synchronized void start() {
        if (thread == null) {
            var started = new Thread(this::work, "disk-" + id);
            started.setDaemon(true);
            started.start();
            thread = started;
        }
    }

    private void work() {
        var scratch = new IoVector();
        while (true) {
            var task = tasks.poll();
            if (task != null) {
                task.run(scratch);
            } else if (closing) {
                return;
            } else {
                parked = true;
                if (tasks.isEmpty() && !closing) {
                    LockSupport.park(this);
                }
                parked = false;
            }
        }
    }

    /// Waits until all that was submitted so far has run.
    private void drain() {
        if (thread == null) {
            return;
        }
        var last = new CountDownLatch(1);
        submit(scratch -> last.countDown());
        boolean interrupted = false;
        while (last.getCount() > 0) {
            try {
                last.await();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// Ends the thread when it has done all that was submitted, and closes the file.
    @Override
    public void close() {
        var running = thread;
        closing = true;
        if (running != null) {
            LockSupport.unpark(running);
            boolean interrupted = false;
            while (running.isAlive()) {
                try {
                    running.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        file.close();
    }
}
