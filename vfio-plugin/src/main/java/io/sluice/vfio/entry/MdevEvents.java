package io.sluice.vfio.entry;

import io.sluice.vfio.mdev.MdevInstance;
import io.sluice.vmm.qapi.EventType;
import io.sluice.vmm.qapi.Member;
import java.util.List;

/// The events of the mdev bus.
final class MdevEvents {
    /// @param uuid the instance
    /// @param type its type, as `mtty-2`
    record Mdev(
            @Member("The instance.") String uuid,
            @Member("Its type.") String type) {}

    static final EventType<Mdev> ADDED =
            EventType.of("X_SLUICE_MDEV_ADDED", Mdev.class, "An instance has come onto the mdev bus.");
    static final EventType<Mdev> REMOVED =
            EventType.of("X_SLUICE_MDEV_REMOVED", Mdev.class, "An instance has left the mdev bus.");

    private MdevEvents() {}

    static EventType.Event<Mdev> added(MdevInstance instance) {
        return ADDED.with(of(instance));
    }

    static EventType.Event<Mdev> removed(MdevInstance instance) {
        return REMOVED.with(of(instance));
    }

    private static Mdev of(MdevInstance instance) {
        return new Mdev(instance.uuid().toString(), instance.typeName());
    }

    static List<EventType<?>> all() {
        return List.of(ADDED, REMOVED);
    }
}
