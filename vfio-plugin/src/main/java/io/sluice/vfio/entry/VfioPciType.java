package io.sluice.vfio.entry;

import io.sluice.vfio.guest.GuestDisplay;
import io.sluice.vfio.guest.GuestFunction;
import io.sluice.vfio.guest.Monitor;
import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.vfio.VfioDevice;
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

/// `-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/UUID`: hands a device of the simulated host to the guest.
final class VfioPciType implements DeviceType {
    private static final String DISPLAY = "display";
    private static final String XRES = "xres";
    private static final String YRES = "yres";

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
                Property.string("romfile", "Nothing: no device here has an option ROM"),
                new Property(DISPLAY, Property.Kind.ON_OFF_AUTO, "on/off/auto: whether its picture can be seen", "off"),
                new Property(XRES, Property.Kind.UINT32, "Width of the mode that its monitor prefers", "0"),
                new Property(YRES, Property.Kind.UINT32, "Height of the mode that its monitor prefers", "0"));
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
        boolean made = false;
        try {
            var attachable = attachable(path, device, instance::release, properties);
            made = true;
            return attachable;
        } finally {
            if (!made) {
                instance.release();
            }
        }
    }

    private static Attachable attachable(String path, VfioDevice device, Runnable release, PropertyValues properties) {
        var made = new @Nullable PciFunction[1];
        var displays = new ArrayList<Display>();
        var refusal = new @Nullable String[1];
        device.strand().call(() -> {
            refusal[0] = addDisplay(device, properties, displays);
            made[0] = new GuestFunction("vfio-pci", device).function();
        });
        if (refusal[0] != null) {
            throw new PluginException("vfio " + path + ": " + refusal[0]);
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
