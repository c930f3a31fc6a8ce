package io.sluice.vfio.entry;

import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.mdev.MdevInstance;
import io.sluice.vmm.plugin.DeviceContext;
import io.sluice.vmm.qapi.EventType;
import io.sluice.vmm.qapi.Member;
import java.util.List;

/// What the mdev bus tells those who watch the machine.
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

    static List<EventType<?>> all() {
        return List.of(ADDED, REMOVED);
    }

    static MdevBus.Listener listener(DeviceContext context) {
        return new MdevBus.Listener() {
            @Override
            public void added(MdevInstance instance) {
                context.emit(ADDED.with(new Mdev(instance.uuid().toString(), instance.typeName())));
            }

            @Override
            public void removed(MdevInstance instance) {
                context.emit(REMOVED.with(new Mdev(instance.uuid().toString(), instance.typeName())));
            }
        };
    }
}
