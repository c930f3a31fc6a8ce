package io.sluice.vfio.mdev;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.trace.Trace;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/// A driver that is registered, and its instances.
final class MdevParent {
    private final MdevBus bus;
    private final MdevDriver driver;
    private final List<MdevInstance> instances = new ArrayList<>();
    private boolean leaving;

    MdevParent(MdevBus bus, MdevDriver driver) {
        this.bus = bus;
        this.driver = driver;
    }

    MdevDriver driver() {
        return driver;
    }

    String typeName(MdevType type) {
        return driver.name() + "-" + type.name();
    }

    int available(MdevType type) {
        return driver.available(type, used(type));
    }

    List<MdevInstance> instances(MdevType type) {
        return instances.stream().filter(i -> i.type().equals(type)).toList();
    }

    private int used(MdevType type) {
        return instances(type).size();
    }

    /// Build, then publish: a driver that refuses leaves nothing behind.
    MdevInstance create(MdevType type, UUID uuid, Strand strand, Trace trace) {
        if (leaving) {
            throw new HostException(Errno.ENODEV, typeName(type));
        }
        if (type.maxInstances() != MdevType.DRIVER_COUNTS && used(type) >= type.maxInstances()) {
            throw new HostException(Errno.EUSERS, typeName(type));
        }
        var told = new MdevTrace(trace, uuid);
        var context = new MdevContext(uuid, strand, told);
        var device = create(type, context);
        var vfio = new VfioDevice(told.around(device), strand);
        context.bind(vfio);
        var instance = new MdevInstance(uuid, this, type, new MdevInstance.Made(device, vfio, context), told);
        instances.add(instance);
        told.created(typeName(type));
        return instance;
    }

    /// Memory that the driver took before it refused is given back.
    private MdevDevice create(MdevType type, MdevContext context) {
        boolean made = false;
        try {
            var device = driver.create(type, context);
            made = true;
            return device;
        } finally {
            if (!made) {
                context.freeMemory();
            }
        }
    }

    void left(MdevInstance instance) {
        instances.remove(instance);
        bus.left(instance);
    }

    /// No new instances; those that are open go when they are released.
    void leave() {
        leaving = true;
        for (var instance : List.copyOf(instances)) {
            if (!instance.isLeaving()) {
                instance.remove();
            }
        }
    }
}
