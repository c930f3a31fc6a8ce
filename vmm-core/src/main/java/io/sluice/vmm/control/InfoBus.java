package io.sluice.vmm.control;

import java.util.List;

/// A bus and what sits on it, for `info qtree`.
public record InfoBus(String name, String type, List<Device> devices) {
    public InfoBus {
        devices = List.copyOf(devices);
    }

    /// A device.
    ///
    /// @param id what the user calls it; empty if he does not
    /// @param properties in the order in which they are shown
    /// @param details lines about it, which its bus knows
    /// @param buses those that it offers
    public record Device(String type, String id, List<Property> properties, List<String> details, List<InfoBus> buses) {
        public Device {
            properties = List.copyOf(properties);
            details = List.copyOf(details);
            buses = List.copyOf(buses);
        }
    }

    /// A property, and its value as it shall be shown.
    public record Property(String name, String value) {}
}
