package io.sluice.vmm.loop;

/// One thread that runs tasks in order and never blocks.
public interface EventLoop {
    /// Runs `task` on the loop's thread, after all tasks that were handed over before. Any thread may call.
    void execute(Runnable task);

    /// Runs `task` on the loop's thread, not earlier than `delayNanos` nanoseconds from now (host time).
    Timer schedule(long delayNanos, Runnable task);

    /// A timer that has been set.
    interface Timer {
        /// From any thread; a task that already runs is not stopped.
        void cancel();
    }
}
