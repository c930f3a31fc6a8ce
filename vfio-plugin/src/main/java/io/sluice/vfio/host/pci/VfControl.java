package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import java.util.ArrayList;
import java.util.List;

/// Enables and disables virtual functions, and tells the kernel's other parts: buses, IOMMU, drivers.
final class VfControl implements VirtualFunctions.Switch {
    private final Object hierarchy;
    private final Steps steps;
    private final Attachment attachment;
    private final HostDrivers drivers;

    /// @param hierarchy whose lock is held while it changes
    VfControl(Object hierarchy, Steps steps, Attachment attachment) {
        this.hierarchy = hierarchy;
        this.steps = steps;
        this.attachment = attachment;
        this.drivers = new HostDrivers(steps, this);
    }

    HostDrivers drivers() {
        return drivers;
    }

    /// As [HostPci#setNumVfs].
    void set(HostFunction physical, int count) {
        var vfs = physical.vfs();
        if (vfs == null || count < 0 || count > vfs.total()) {
            throw new HostException(Errno.ERANGE, physical + " cannot have " + count + " virtual functions");
        }
        if (count == physical.virtuals().size()) {
            return;
        }
        var driver = physical.driver();
        if (driver == null || !driver.enablesVfs()) {
            throw new HostException(Errno.ENOENT, "no driver that enables virtual functions has " + physical);
        }
        if (count == 0) {
            disable(physical);
            return;
        }
        List<HostFunction> made;
        synchronized (hierarchy) {
            if (physical.isGone()) {
                throw new HostException(Errno.ENODEV, physical + " is gone");
            }
            if (!physical.virtuals().isEmpty()) {
                throw new HostException(Errno.EBUSY, physical + " has virtual functions");
            }
            made = enable(physical, vfs, count);
        }
        made.forEach(drivers::offer);
    }

    private List<HostFunction> enable(HostFunction physical, VirtualFunctions vfs, int count) {
        steps.pass("host.pci.vf.enable");
        List<HostFunction> made = new ArrayList<>();
        VfSwitch.on(physical, count);
        vfs.settle();
        boolean done = false;
        try {
            for (int vf = 0; vf < count; vf++) {
                steps.pass("host.pci.vf.add");
                var function = virtual(physical, vfs.slot(vf), vf);
                physical.bus().add(function);
                made.add(function);
                attachment.prepare(function);
                attachment.attach(function);
            }
            vfs.enabled(made);
            done = true;
            return made;
        } finally {
            if (!done) {
                made.forEach(this::forget);
                VfSwitch.off(physical);
                vfs.settle();
            }
        }
    }

    private static HostFunction virtual(HostFunction physical, VirtualFunctions.Slot slot, int vf) {
        var sriov = physical.pci().extensions().sriov();
        if (sriov == null) {
            throw new IllegalStateException(physical + " is no physical function");
        }
        var settings = sriov.settings();
        return new HostFunction(new HostFunction.Parts(
                physical.config(),
                physical.label() + "-vf" + vf,
                physical.bus(),
                physical.devfn() + settings.firstOffset() + vf * settings.stride(),
                slot.pci(),
                slot.dma(),
                slot.pin(),
                () -> {},
                null,
                null,
                physical));
    }

    private void forget(HostFunction virtual) {
        attachment.detach(virtual);
        virtual.bus().remove(virtual);
    }

    /// Takes all virtual functions away; each from its driver first. When it returns, nothing of them moves a byte.
    @Override
    public void disable(HostFunction physical) {
        var vfs = physical.vfs();
        var going = physical.virtuals();
        if (vfs == null || going.isEmpty()) {
            return;
        }
        drivers.unbindForEver(going);
        synchronized (hierarchy) {
            going.reversed().forEach(this::forget);
            vfs.enabled(List.of());
            VfSwitch.off(physical);
            vfs.settle();
        }
    }
}
