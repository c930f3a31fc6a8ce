package io.sluice.vfio.iommufd;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// What a VIOMMU has to tell its guest, up to a depth; of what does not fit, only how much it was is kept. Drivers put
/// events in on threads of their own; it has a lock of its own, below every other.
final class Veventq extends IommuObject {
    /// The queue was full: events are missing before this.
    static final int LOST_EVENTS = 1;

    /// @param payload null for the word that events were lost
    record Event(int sequence, byte @Nullable [] payload) {
        int flags() {
            return payload == null ? LOST_EVENTS : 0;
        }
    }

    private final Viommu viommu;
    private final int type;
    private final int depth;
    private final ArrayDeque<Event> events = new ArrayDeque<>();
    private int sequence;
    private int kept;
    private @Nullable Runnable listener;

    Veventq(Viommu viommu, int type, int depth) {
        this.viommu = viommu;
        this.type = type;
        this.depth = depth;
    }

    void put(byte[] payload) {
        Runnable tell;
        synchronized (this) {
            if (kept == depth) {
                if (events.getLast().payload == null) {
                    events.removeLast();
                }
                events.add(new Event(next(), null));
            } else {
                events.add(new Event(next(), payload.clone()));
                kept++;
            }
            tell = listener;
        }
        if (tell != null) {
            tell.run();
        }
    }

    private int next() {
        int now = sequence;
        sequence = sequence + 1 & Integer.MAX_VALUE;
        return now;
    }

    synchronized void onEvent(@Nullable Runnable listener) {
        this.listener = listener;
    }

    synchronized boolean isReadable() {
        return !events.isEmpty();
    }

    /// The next event, if its payload and a header of `header` bytes fit into `room`.
    synchronized @Nullable Event next(int header, int room) {
        var event = events.peek();
        if (event == null || header + (event.payload == null ? 0 : event.payload.length) > room) {
            return null;
        }
        events.remove();
        if (event.payload != null) {
            kept--;
        }
        return event;
    }

    @Override
    void destroyed() {
        viommu.releaseEvents(type);
    }

    @Override
    String kind() {
        return "event queue";
    }
}
