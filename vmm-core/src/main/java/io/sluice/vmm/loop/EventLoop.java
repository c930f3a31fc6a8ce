package io.sluice.vmm.loop;

/// One thread that runs tasks in order and never blocks.
public interface EventLoop {
    /// Runs `task` on the loop's thread, after all tasks that were handed over before. Any thread may call.
    void execute(Runnable task);

    /// Runs `task` on the loop's thread, not earlier than `delayNanos` nanoseconds from now (host time).
    Timer schedule(long delayNanos, Runnable task);

    /// Asks the loop to look at `source` again and again while it is awake, so that nobody has to tell it of new work.
    /// Only on the loop's thread.
    ///
    /// @return `false` from a loop that does not look: it must be told by [#execute]
    default boolean poll(Source source) {
        return false;
    }

    /// What a loop looks at by itself. All of it is called on the loop's thread.
    interface Source extends Runnable {
        /// Whether there is something to do now. Asked all the time, so it must be cheap for all threads: it reads what
        /// changes only when there is something.
        boolean isReady();

        /// Does some of it; the loop comes back for the rest.
        @Override
        void run();

        /// The loop has stopped looking, because it falls asleep, or this source has been quiet for long, or at its
        /// end.
        void unpolled();
    }

    /// A timer that has been set.
    interface Timer {
        /// From any thread; a task that already runs is not stopped.
        void cancel();
    }
}
