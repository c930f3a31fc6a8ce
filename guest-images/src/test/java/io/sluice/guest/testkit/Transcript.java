package io.sluice.guest.testkit;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Text that one thread adds to and another waits for.
final class Transcript {
    private final StringBuilder text = new StringBuilder();
    private boolean ended;

    synchronized void append(String more) {
        text.append(more);
        notifyAll();
    }

    /// Nothing more will come.
    synchronized void end() {
        ended = true;
        notifyAll();
    }

    synchronized String text() {
        return text.toString();
    }

    /// The first match at `from` or later, or `null` if none came before `limit` or the end.
    synchronized @Nullable Matcher await(Pattern pattern, int from, Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (true) {
            var matcher = pattern.matcher(text.toString());
            if (matcher.find(from)) {
                return matcher;
            }
            long left = (deadline - System.nanoTime()) / 1_000_000;
            if (ended || left <= 0) {
                return null;
            }
            try {
                wait(left);
            } catch (InterruptedException e) {
                throw new AssertionError("interrupted", e);
            }
        }
    }
}
