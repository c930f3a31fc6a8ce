package io.sluice.vmm.plugin;

import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.pci.RootPort;
import java.util.List;

/// The properties of `-device pcie-root-port`.
final class RootPortOptions {
    private static final int LAST_SLOT = 0x1FFF;

    static final List<Property> PROPERTIES = List.of(
            new Property("chassis", Property.Kind.UINT8, "Chassis that the slot number counts in", "0"),
            new Property("slot", Property.Kind.UINT16, "Physical slot number, 0 to 8191", "0"),
            new Property("port", Property.Kind.UINT8, "Port number of the link", "0"),
            Property.bool("hotplug", "Whether devices come and go while the guest runs", true),
            new Property("io-reserve", Property.Kind.SIZE, "I/O ports for devices to come", null),
            new Property("mem-reserve", Property.Kind.SIZE, "Memory for devices to come", null),
            new Property("pref64-reserve", Property.Kind.SIZE, "Prefetchable memory for devices to come", null));

    private RootPortOptions() {}

    /// @throws PluginException if a property is out of its range
    static Attachable port(Strand strand, PropertyValues properties) {
        int slot = (int) properties.number("slot");
        if (slot > LAST_SLOT) {
            throw new PluginException(
                    "Property 'pcie-root-port.slot' doesn't take value '" + properties.required("slot") + "'");
        }
        boolean hotPlug = properties.bool("hotplug");
        // Nothing comes to a port that is not for it.
        var standard = hotPlug ? RootPort.Reserve.DEFAULT : new RootPort.Reserve(0, 0, 0);
        var reserve = new RootPort.Reserve(
                bytes(properties, "io-reserve", standard.io()),
                bytes(properties, "mem-reserve", standard.memory()),
                bytes(properties, "pref64-reserve", standard.prefetchable()));
        var settings = new RootPort.Settings(slot, (int) properties.number("port"), hotPlug, reserve);
        return new Attachable.Port(
                new RootPort("pcie-root-port", strand, settings), (int) properties.number("chassis"), slot);
    }

    private static long bytes(PropertyValues properties, String name, long standard) {
        if (!properties.isGiven(name)) {
            return standard;
        }
        long bytes = properties.size(name);
        if (bytes > 1L << 40) {
            throw new PluginException(
                    "Property 'pcie-root-port." + name + "' doesn't take value '" + properties.required(name) + "'");
        }
        return bytes;
    }
}
