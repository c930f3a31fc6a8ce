package io.sluice.vmm.loop.vertx;

import io.sluice.vmm.loop.EventLoop;
import java.util.ArrayList;
import java.util.List;

/// What a loop looks at by itself while it is awake: the sources that had work lately. Of the loop's thread.
final class PolledSources {
    /// So many looks in vain, some milliseconds of them, and a source is let go.
    private static final int PATIENCE = 1 << 16;

    private final LoopTimes times;
    private final List<Entry> entries = new ArrayList<>();
    private boolean closed;

    PolledSources(LoopTimes times) {
        this.times = times;
    }

    /// @return `false` once the loop ends
    boolean add(EventLoop.Source source) {
        return !closed && entries.add(new Entry(source));
    }

    /// Does what the sources have now, a part of it from each.
    ///
    /// @return whether there was something
    boolean look() {
        boolean found = false;
        for (int i = entries.size() - 1; i >= 0; i--) {
            var entry = entries.get(i);
            if (entry.source.isReady()) {
                entry.looksInVain = 0;
                long start = System.nanoTime();
                times.run(entry.source);
                times.finished(start, 1);
                found = true;
            } else if (++entry.looksInVain > PATIENCE) {
                entries.remove(i);
                entry.source.unpolled();
            }
        }
        return found;
    }

    /// Lets all go: from now on the loop must be told of work. What they have at this moment they hand over themselves.
    void letGo() {
        for (int i = entries.size() - 1; i >= 0; i--) {
            entries.remove(i).source.unpolled();
        }
    }

    void close() {
        closed = true;
        letGo();
    }

    private static final class Entry {
        private final EventLoop.Source source;
        private int looksInVain;

        Entry(EventLoop.Source source) {
            this.source = source;
        }
    }
}
