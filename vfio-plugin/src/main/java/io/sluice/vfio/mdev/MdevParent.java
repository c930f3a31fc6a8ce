package io.sluice.vfio.mdev;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.vfio.DeviceSet;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioNode;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.trace.Trace;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;

/// A driver that is registered, and its instances. Its lock is held while the driver makes or closes an instance, so
/// that the author of a driver needs none; the driver calls nobody then.
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

    synchronized int available(MdevType type) {
        return driver.available(type, used(type));
    }

    synchronized List<MdevInstance> instances(MdevType type) {
        return instances.stream().filter(i -> i.type().equals(type)).toList();
    }

    private int used(MdevType type) {
        return instances(type).size();
    }

    /// Build, then publish: a driver that refuses leaves nothing behind.
    synchronized MdevInstance create(MdevType type, UUID uuid, Supplier<Strand> strands, Trace trace) {
        if (leaving) {
            throw new HostException(Errno.ENODEV, typeName(type));
        }
        if (type.maxInstances() != MdevType.DRIVER_COUNTS && used(type) >= type.maxInstances()) {
            throw new HostException(Errno.EUSERS, typeName(type));
        }
        bus.host().kernel().steps().pass("mdev.create.instance");
        var strand = strands.get();
        var told = new MdevTrace(trace, uuid);
        var context = new MdevContext(uuid, strand, told);
        var device = create(type, context);
        var node = register(uuid, device, context, strand, told);
        var instance = new MdevInstance(uuid, this, type, new MdevInstance.Made(device, node, context), told);
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

    private VfioNode register(UUID uuid, MdevDevice device, MdevContext context, Strand strand, MdevTrace told) {
        var ops = new MdevOps(device, context.newDma(device));
        var vfio = new VfioDevice(told.around(ops), strand);
        context.bind(vfio);
        try {
            return bus.host().register(uuid.toString(), vfio, DeviceSet.alone());
        } catch (HostException e) {
            device.close();
            context.freeMemory();
            throw e;
        }
    }

    void left(MdevInstance instance, Runnable close) {
        synchronized (this) {
            close.run();
            instances.remove(instance);
        }
        bus.left(instance);
    }

    /// No new instances; those that are open go when they are released.
    void leave() {
        List<MdevInstance> all;
        synchronized (this) {
            leaving = true;
            all = List.copyOf(instances);
        }
        for (var instance : all) {
            if (!instance.isLeaving()) {
                instance.remove();
            }
        }
    }
}
