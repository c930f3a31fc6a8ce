package io.sluice.vmm.plugin;

import java.util.List;

/// A kind of device that `-device NAME` makes.
public interface DeviceType {
    String name();

    /// One line for `-device help`; may be empty.
    String description();

    /// `PCI`, `ISA` or `System`, as `-device help` says it.
    String bus();

    /// Properties of its own; the common ones (`id`, `bus`, `addr`, `multifunction`) are the machine's.
    List<Property> properties();

    /// Whether one can come and go while the machine runs, on a bus that allows it.
    default boolean hotPluggable() {
        return true;
    }

    /// Makes one.
    ///
    /// @throws PluginException if it cannot be; then nothing is left behind
    Attachable create(DeviceContext context, PropertyValues properties);
}
