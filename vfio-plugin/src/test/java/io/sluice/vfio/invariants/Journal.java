package io.sluice.vfio.invariants;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.invariants.Tally.Sender;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What was done, and what came of it.
final class Journal {
    private static final int KEPT = 20;

    /// Becomes text only if somebody wants to know.
    private record Entry(long number, Action action, Object what, boolean armed) {
        @Override
        public String toString() {
            return number + ": " + action + " " + what + (armed ? " (a step fails)" : "");
        }
    }

    private final Tally tally;
    private final @Nullable Consumer<String> trace;
    private final Deque<Entry> last = new ArrayDeque<>();
    private long count;

    /// @param trace is told everything; null if nobody wants to know
    Journal(Tally tally, @Nullable Consumer<String> trace) {
        this.tally = tally;
        this.trace = trace;
    }

    /// How many calls there were.
    long count() {
        return count;
    }

    void begins(Action action, Object what, boolean armed) {
        count++;
        if (last.size() == KEPT) {
            last.removeFirst();
        }
        last.addLast(new Entry(count, action, what, armed));
    }

    void done(Action action, long answer) {
        tally.done(action);
        if (trace != null) {
            trace.accept(last.getLast() + " = " + answer);
        }
    }

    /// @param failed whether because a step was made to fail
    void refused(Action action, Errno errno, boolean failed) {
        if (failed) {
            tally.failed(action);
        } else {
            tally.refused(action, errno);
        }
        if (trace != null) {
            trace.accept(last.getLast() + " = " + errno);
        }
    }

    void sent(Sender sender, int pasid, long iova, boolean writes, boolean got) {
        tally.sent(sender, got);
        if (trace != null) {
            trace.accept(sender + " " + pasid + " 0x" + Long.toHexString(iova) + (writes ? " wrote " : " read ") + got);
        }
    }

    /// The last calls.
    String history() {
        return last.stream().map(Entry::toString).collect(Collectors.joining("\n"));
    }
}
