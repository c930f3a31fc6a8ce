package io.sluice.vfio.invariants;

import io.sluice.vfio.host.Errno;
import java.util.EnumMap;
import java.util.Map;

/// How often each call came to what, and how much was sent.
final class Tally {
    /// Who sends.
    enum Sender {
        /// A function that nobody owns, without a PASID.
        HOST,
        /// One that somebody owns, without a PASID.
        FUNCTION,
        /// A function, by a PASID.
        PASID,
        /// An instance of an mdev.
        INSTANCE,
        /// An instance by memory that it has pinned.
        PIN,
        /// A function that is being reset.
        RESET,
        /// A function that has been taken out.
        GONE
    }

    private static final class Count {
        private int done;
        private int failed;
        private final Map<Errno, Integer> refused = new EnumMap<>(Errno.class);

        @Override
        public String toString() {
            return done + " done, " + failed + " with a failed step, " + refused;
        }
    }

    private static final class Traffic {
        private int moved;
        private int stopped;

        @Override
        public String toString() {
            return moved + " moved, " + stopped + " stopped";
        }
    }

    private final Map<Action, Count> actions = new EnumMap<>(Action.class);
    private final Map<Sender, Traffic> senders = new EnumMap<>(Sender.class);

    private Count of(Action action) {
        return actions.computeIfAbsent(action, key -> new Count());
    }

    private Traffic of(Sender sender) {
        return senders.computeIfAbsent(sender, key -> new Traffic());
    }

    void done(Action action) {
        of(action).done++;
    }

    /// Refused, and a step of it was to fail.
    void failed(Action action) {
        of(action).failed++;
    }

    void refused(Action action, Errno errno) {
        of(action).refused.merge(errno, 1, Integer::sum);
    }

    void sent(Sender sender, boolean got) {
        var traffic = of(sender);
        if (got) {
            traffic.moved++;
        } else {
            traffic.stopped++;
        }
    }

    int timesDone(Action action) {
        return of(action).done;
    }

    int timesFailed() {
        return actions.values().stream().mapToInt(count -> count.failed).sum();
    }

    int timesRefused(Action action, Errno errno) {
        return of(action).refused.getOrDefault(errno, 0);
    }

    int timesMoved(Sender sender) {
        return of(sender).moved;
    }

    int timesStopped(Sender sender) {
        return of(sender).stopped;
    }

    @Override
    public String toString() {
        var text = new StringBuilder();
        actions.forEach((action, count) -> text.append("%n  %s: %s".formatted(action, count)));
        senders.forEach((sender, traffic) -> text.append("%n  %s: %s".formatted(sender, traffic)));
        return text.toString();
    }
}
