package io.sluice.vfio.entry;

import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.mdev.MdevInstance;
import io.sluice.vmm.meter.MeterGroup;
import io.sluice.vmm.plugin.DeviceContext;
import java.util.HashMap;
import java.util.Map;

/// Shows a machine what happens on its mdev bus: events, meters, the log. On the thread that changes the bus.
final class MdevWatch implements MdevBus.Listener {
    private final DeviceContext context;
    private final Map<MdevInstance, MeterGroup> meters = new HashMap<>();

    private MdevWatch(DeviceContext context) {
        this.context = context;
    }

    static void over(MdevBus bus, DeviceContext context) {
        bus.trace(context.trace());
        bus.onChange(new MdevWatch(context));
    }

    @Override
    public void added(MdevInstance instance) {
        meters.put(
                instance,
                MdevMeters.hang(
                        context.meters(), instance.typeName(), instance.uuid().toString(), instance.counters()));
        context.emit(MdevEvents.added(instance));
    }

    @Override
    public void removed(MdevInstance instance) {
        var group = meters.remove(instance);
        if (group != null) {
            group.close();
        }
        context.emit(MdevEvents.removed(instance));
    }
}
