package io.sluice.vmm.meter;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/// Where one machine hangs out its meters, and who looks finds them. Any thread.
///
/// What is cheap is counted always. What is not is counted only while somebody looks: who counts such a thing asks for
/// [#onUse].
public final class MeterBoard {
    /// What has to be the same for all meters of one name.
    private record Shape(Class<? extends Meter> kind, Meter.About about, Set<String> keys) {
        static Shape of(Meter meter) {
            return new Shape(
                    meter.getClass(),
                    meter.about(),
                    Set.copyOf(meter.id().tags().keySet()));
        }
    }

    private final List<MeterGroup> groups = new CopyOnWriteArrayList<>();
    private final Map<String, Shape> shapes = new ConcurrentHashMap<>();
    private final List<Listener> listeners = new ArrayList<>();
    private int uses;

    /// Hears whether somebody looks.
    public interface Listener {
        /// Not from two threads at a time. Must not wait for the thread that counts.
        void used(boolean now);
    }

    /// Somebody looks, until he closes this.
    public interface Use extends AutoCloseable {
        @Override
        void close();
    }

    /// A place for meters that come and go together.
    public MeterGroup group() {
        var group = new MeterGroup(this);
        groups.add(group);
        return group;
    }

    void remove(MeterGroup group) {
        groups.remove(group);
    }

    /// @throws IllegalArgumentException if the name has been used for another kind of meter
    void check(Meter meter) {
        var shape = Shape.of(meter);
        var known = shapes.putIfAbsent(meter.id().name(), shape);
        if (known != null && !known.equals(shape)) {
            throw new IllegalArgumentException(
                    "two kinds of meter are called " + meter.id().name());
        }
    }

    /// All meters there are now, by name and tags. Of two with the same, the later one counts.
    public Map<Meter.Id, Meter> meters() {
        var all = new LinkedHashMap<Meter.Id, Meter>();
        for (var group : groups) {
            group.collect(all);
        }
        return all;
    }

    /// Has `listener` told when the first one looks, and when nobody does any more.
    public synchronized void onUse(Listener listener) {
        listeners.add(listener);
        if (uses > 0) {
            listener.used(true);
        }
    }

    /// Begins to look.
    public synchronized Use use() {
        if (uses++ == 0) {
            listeners.forEach(listener -> listener.used(true));
        }
        return new Use() {
            private boolean closed;

            @Override
            public void close() {
                synchronized (MeterBoard.this) {
                    if (!closed && --uses == 0) {
                        listeners.forEach(listener -> listener.used(false));
                    }
                    closed = true;
                }
            }
        };
    }
}
