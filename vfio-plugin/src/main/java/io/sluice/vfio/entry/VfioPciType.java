package io.sluice.vfio.entry;

import io.sluice.vfio.guest.GuestFunction;
import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vmm.pci.PciFunction;
import io.sluice.vmm.plugin.Attachable;
import io.sluice.vmm.plugin.DeviceContext;
import io.sluice.vmm.plugin.DeviceType;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.plugin.Property;
import io.sluice.vmm.plugin.PropertyValues;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// `-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/UUID`: hands a device of the simulated host to the guest.
final class VfioPciType implements DeviceType {
    private final MdevBus bus;

    VfioPciType(MdevBus bus) {
        this.bus = bus;
    }

    @Override
    public String name() {
        return "vfio-pci";
    }

    @Override
    public String description() {
        return "VFIO-based PCI device assignment";
    }

    @Override
    public String bus() {
        return "PCI";
    }

    @Override
    public List<Property> properties() {
        return List.of(
                Property.string("sysfsdev", "Path of the device: " + MdevBus.DEVICES + "UUID"),
                // What starts containers says romfile= for every device, to have none.
                Property.string("romfile", "Nothing: no device here has an option ROM"));
    }

    @Override
    public Attachable create(DeviceContext context, PropertyValues properties) {
        var path = properties.text("sysfsdev");
        if (path == null) {
            throw new PluginException("No provided host device\nUse -device vfio-pci,sysfsdev=PATH_TO_DEVICE");
        }
        var romFile = properties.text("romfile");
        if (romFile != null && !romFile.isEmpty()) {
            throw new PluginException("failed to find romfile \"" + romFile + "\"");
        }
        var instance = bus.find(path);
        if (instance == null) {
            throw new PluginException("vfio " + path + ": no such host device: " + Errno.ENOENT.text());
        }
        VfioDevice device;
        try {
            device = instance.open();
        } catch (HostException e) {
            throw new PluginException(
                    e.errno() == Errno.EBUSY
                            ? "vfio " + path + ": device is already attached"
                            : "vfio " + path + ": failed to open: " + e.errno().text(),
                    e);
        }
        return new Attachable.Pci(wrap(device), instance::release);
    }

    private static PciFunction wrap(VfioDevice device) {
        var made = new @Nullable PciFunction[1];
        device.strand().call(() -> made[0] = new GuestFunction("vfio-pci", device).function());
        var function = made[0];
        if (function == null) {
            throw new IllegalStateException("the strand did not run its task");
        }
        return function;
    }
}
