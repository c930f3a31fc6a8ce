package io.sluice.vmm.qmp;

import io.sluice.vmm.qapi.EventType.Event;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Of events that may come once a second: lets the first through at once, keeps the last of the others for the end of
/// that second. Runs on the loop.
final class RateLimiter {
    static final long WINDOW_MILLIS = 1000;

    /// More than there are things that such events speak of; beyond, events are dropped.
    private static final int MAX_KEYS = 4096;

    /// Runs a task after milliseconds.
    interface Timers {
        void after(long millis, Runnable task);
    }

    /// An event with the moment at which it was emitted.
    record Stamped(Event<?> event, long micros) {}

    private record Key(String name, String key) {}

    /// @param latest what came since the window was opened
    private record Window(@Nullable Stamped latest) {}

    private static final Window EMPTY = new Window(null);

    private final Timers timers;
    private final Consumer<Stamped> deliver;
    private final Map<Key, Window> windows = new HashMap<>();

    RateLimiter(Timers timers, Consumer<Stamped> deliver) {
        this.timers = timers;
        this.deliver = deliver;
    }

    void accept(Stamped stamped) {
        var key = key(stamped.event());
        if (key == null) {
            deliver.accept(stamped);
        } else if (windows.containsKey(key)) {
            windows.put(key, new Window(stamped));
        } else if (windows.size() < MAX_KEYS) {
            open(key, stamped);
        }
    }

    private static <D extends Record> @Nullable Key key(Event<D> event) {
        var limit = event.type().limit();
        return limit == null ? null : new Key(event.type().name(), limit.apply(event.data()));
    }

    private void open(Key key, Stamped stamped) {
        windows.put(key, EMPTY);
        timers.after(WINDOW_MILLIS, () -> shut(key));
        deliver.accept(stamped);
    }

    private void shut(Key key) {
        var window = windows.remove(key);
        if (window != null && window.latest() != null) {
            open(key, window.latest());
        }
    }
}
