package io.sluice.vfio.entry;

import io.sluice.vfio.guest.GuestDisplay;
import io.sluice.vfio.guest.GuestFunction;
import io.sluice.vfio.guest.Monitor;
import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioNode;
import io.sluice.vmm.pci.PciFunction;
import io.sluice.vmm.plugin.Attachable;
import io.sluice.vmm.plugin.DeviceContext;
import io.sluice.vmm.plugin.DeviceType;
import io.sluice.vmm.plugin.Display;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.plugin.Property;
import io.sluice.vmm.plugin.PropertyValues;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// `-device vfio-pci,host=BDF` and `-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/UUID`: hands a device of the
/// simulated host to the guest.
final class VfioPciType implements DeviceType {
    private static final String DISPLAY = "display";
    private static final String XRES = "xres";
    private static final String YRES = "yres";

    private final SimulatedHost host;
    private final IommufdObject iommufds;

    VfioPciType(SimulatedHost host, IommufdObject iommufds) {
        this.host = host;
        this.iommufds = iommufds;
    }

    /// A device of the host that was asked for, by the name that it was asked for with.
    ///
    /// @param ofHost whether it is a PCI function of the host, and not a mediated device
    private record Wanted(String name, VfioNode node, boolean ofHost) {}

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
                Property.string("host", "Address of a PCI function of the host, as 0000:01:00.0, or its name there"),
                Property.string("iommufd", "Id of the iommufd that the device is bound to; one for all that name none"),
                Property.string("sysfsdev", "Path of the device: " + MdevBus.DEVICES + "UUID"),
                // What starts containers says romfile= for every device, to have none.
                Property.string("romfile", "Nothing: no device here has an option ROM"),
                new Property(DISPLAY, Property.Kind.ON_OFF_AUTO, "on/off/auto: whether its picture can be seen", "off"),
                new Property(XRES, Property.Kind.UINT32, "Width of the mode that its monitor prefers", "0"),
                new Property(YRES, Property.Kind.UINT32, "Height of the mode that its monitor prefers", "0"));
    }

    @Override
    public Attachable create(DeviceContext context, PropertyValues properties) {
        var romFile = properties.text("romfile");
        if (romFile != null && !romFile.isEmpty()) {
            throw new PluginException("failed to find romfile \"" + romFile + "\"");
        }
        var wanted = find(properties);
        if (wanted.node.isInUse()) {
            throw new PluginException("vfio " + wanted.name + ": device is already attached");
        }
        try {
            return open(wanted, backend(context, properties), properties);
        } catch (HostException e) {
            throw new PluginException(
                    "vfio " + wanted.name + ": failed to open: " + e.errno().text(), e);
        }
    }

    private Wanted find(PropertyValues properties) {
        var path = properties.text("sysfsdev");
        var address = properties.text("host");
        if (path == null && address == null) {
            throw new PluginException("No provided host device\n"
                    + "Use -device vfio-pci,host=DDDD:BB:DD.F or -device vfio-pci,sysfsdev=PATH_TO_DEVICE");
        }
        if (path != null && address != null) {
            throw new PluginException("vfio " + address + ": give host or sysfsdev, not both");
        }
        var name = path != null ? path : String.valueOf(address);
        try {
            var node = path != null ? mdev(path) : host.claim(name);
            if (node == null) {
                throw new PluginException("vfio " + name + ": no such host device: " + Errno.ENOENT.text());
            }
            return new Wanted(name, node, path == null);
        } catch (HostException e) {
            throw new PluginException("vfio " + name + ": cannot be had by vfio-pci: " + e.getMessage(), e);
        }
    }

    private @Nullable VfioNode mdev(String path) {
        var instance = host.mdevs().find(path);
        return instance == null ? null : instance.node();
    }

    private IommufdObject.Backend backend(DeviceContext context, PropertyValues properties) {
        var id = properties.text("iommufd");
        if (id == null) {
            return iommufds.unnamed(context);
        }
        var backend = iommufds.find(id);
        if (backend == null) {
            throw new PluginException("Property 'vfio-pci.iommufd': there is no iommufd '" + id + "'");
        }
        return backend;
    }

    private static Attachable open(Wanted wanted, IommufdObject.Backend backend, PropertyValues properties) {
        var opened = backend.open(wanted.node.path());
        boolean made = false;
        try {
            var attachable = attachable(wanted, opened.device(), () -> backend.close(opened), properties);
            made = true;
            return attachable;
        } finally {
            if (!made) {
                backend.close(opened);
            }
        }
    }

    private static Attachable attachable(
            Wanted wanted, VfioDevice device, Runnable release, PropertyValues properties) {
        var made = new @Nullable PciFunction[1];
        var displays = new ArrayList<Display>();
        var refusal = new @Nullable String[1];
        device.strand().call(() -> {
            refusal[0] = addDisplay(device, properties, displays);
            made[0] = new GuestFunction("vfio-pci", device, wanted.ofHost).function();
        });
        if (refusal[0] != null) {
            throw new PluginException("vfio " + wanted.name + ": " + refusal[0]);
        }
        var function = made[0];
        if (function == null) {
            throw new IllegalStateException("the strand did not run its task");
        }
        return new Attachable.Pci(function, release, displays);
    }

    /// @return why the device cannot be had so
    private static @Nullable String addDisplay(VfioDevice device, PropertyValues properties, List<Display> displays) {
        var wish = properties.required(DISPLAY);
        boolean moded = properties.number(XRES) != 0 || properties.number(YRES) != 0;
        var display = wish.equals("off") ? null : GuestDisplay.of(device);
        if (display == null) {
            if (wish.equals("on")) {
                return "device doesn't support any (known) display method";
            }
            return moded ? "xres and yres properties require display=on" : null;
        }
        if (moded && !Monitor.isHeard(device)) {
            return "xres and yres properties need edid support";
        }
        Monitor.plug(device, properties.number(XRES), properties.number(YRES));
        displays.add(display);
        return null;
    }
}
