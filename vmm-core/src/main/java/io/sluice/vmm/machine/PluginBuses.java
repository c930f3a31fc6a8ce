package io.sluice.vmm.machine;

import io.sluice.vmm.plugin.Attachable;
import io.sluice.vmm.plugin.DeviceType;
import io.sluice.vmm.plugin.PluginException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The buses of one machine by their names.
final class PluginBuses {
    private static final PluginBus ROOT = new PluginBus.Root("pcie.0");
    private static final PluginBus ISA = new PluginBus.Isa("isa.0");

    private record SlotNumber(int chassis, int slot) {}

    private final Map<String, PluginBus> buses = new HashMap<>();
    private final Set<SlotNumber> slots = new HashSet<>();
    private int unnamed;

    PluginBuses() {
        buses.put("pcie.0", ROOT);
        buses.put("pci.0", ROOT);
        buses.put("isa.0", ISA);
    }

    /// Where a device of this type goes.
    ///
    /// @param wanted what the user says; null for the bus where its kind goes
    /// @throws PluginException if there is no such bus, or it takes no such devices
    PluginBus find(DeviceType type, @Nullable String wanted) {
        boolean pci = type.bus().equals("PCI");
        if (wanted == null) {
            return pci ? ROOT : ISA;
        }
        var bus = buses.get(wanted);
        if (bus == null) {
            throw new PluginException("Bus '" + wanted + "' not found");
        }
        if (bus.kind().equals("PCI") != pci) {
            throw new PluginException("Device '" + type.name() + "' can't go on " + bus.title() + " bus");
        }
        return bus;
    }

    /// @throws PluginException if the port's slot number is taken in its chassis
    void checkSlot(Attachable.Port port) {
        if (slots.contains(new SlotNumber(port.chassis(), port.slot()))) {
            throw new PluginException("Can't add chassis slot, error -16");
        }
    }

    /// The bus behind a port has the port's id for its name, or the next number.
    void add(@Nullable String id, Attachable.Port port) {
        slots.add(new SlotNumber(port.chassis(), port.slot()));
        var name = id != null ? id : "pcie." + ++unnamed;
        buses.put(name, new PluginBus.Slot(name, port.port()));
    }
}
