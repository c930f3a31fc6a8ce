package io.sluice.vmm.control;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.qapi.QmpException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What the monitor prints and does that others know. Called on the thread that owns the machine.
public interface HumanHooks {
    /// Nobody knows anything.
    HumanHooks NONE = new HumanHooks() {};

    /// What follows `info version`'s number.
    default String version() {
        return "0.1.0";
    }

    /// The composition tree; its root is `machine`.
    default InfoObject objects() {
        return new InfoObject("machine", "pc-q35-7.2-machine", List.of());
    }

    /// The device tree from the main bus on; null if only the PCI functions are known.
    default @Nullable InfoBus devices() {
        return null;
    }

    /// What the user calls the PCI function at `at`; empty if he does not.
    default String deviceId(Bdf at) {
        return "";
    }

    /// What `info mdev` prints: mediated devices, line by line.
    default List<String> mediatedDevices() {
        return List.of();
    }

    /// What `info iommu` prints.
    default List<String> iommu() {
        return List.of("No IOMMU");
    }

    /// `device_add`.
    ///
    /// @throws QmpException if it is refused
    default void plug(String type, Map<String, String> properties) {
        throw new QmpException("Bus 'pcie.0' does not support hotplugging");
    }

    /// `device_del`.
    ///
    /// @throws QmpException if it is refused
    default void unplug(String id) {
        throw new QmpException("Device '" + id + "' not found");
    }
}
