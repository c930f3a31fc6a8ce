package io.sluice.vmm.machine;

import io.sluice.vmm.pci.PciHost;
import io.sluice.vmm.pci.RootPort;
import io.sluice.vmm.plugin.Attachable;
import io.sluice.vmm.plugin.Placement;
import io.sluice.vmm.plugin.PluginException;

/// A bus that `bus=` can name.
sealed interface PluginBus {
    String name();

    /// The kind of device that goes there, as [io.sluice.vmm.plugin.DeviceType#bus] says it.
    String kind();

    /// The bus's own kind in messages.
    String title();

    boolean isHotPluggable();

    /// Puts a device there.
    ///
    /// @param hot whether the guest may be running
    /// @throws io.sluice.vmm.pci.PciException if it cannot sit there
    void attach(PciHost host, Attachable device, Placement placement, boolean hot);

    /// The root bus.
    record Root(String name) implements PluginBus {
        @Override
        public String kind() {
            return "PCI";
        }

        @Override
        public String title() {
            return "PCIE";
        }

        @Override
        public boolean isHotPluggable() {
            return false;
        }

        @Override
        public void attach(PciHost host, Attachable device, Placement placement, boolean hot) {
            switch (device) {
                case Attachable.Pci pci -> host.add(placement.slot(), placement.multiFunction(), pci.function());
                case Attachable.Port port -> host.add(placement.slot(), placement.multiFunction(), port.port());
                case Attachable.Platform platform -> throw new IllegalStateException("not a PCI device");
            }
        }
    }

    /// What is behind a root port.
    record Slot(String name, RootPort port) implements PluginBus {
        @Override
        public String kind() {
            return "PCI";
        }

        @Override
        public String title() {
            return "PCIE";
        }

        @Override
        public boolean isHotPluggable() {
            return port.isHotPlug();
        }

        @Override
        public void attach(PciHost host, Attachable device, Placement placement, boolean hot) {
            switch (device) {
                case Attachable.Pci pci ->
                    host.add(port, placement.slot(), placement.multiFunction(), hot, pci.function());
                case Attachable.Port lower ->
                    throw new PluginException("Device 'pcie-root-port' can go on the root bus only");
                case Attachable.Platform platform -> throw new IllegalStateException("not a PCI device");
            }
        }
    }

    /// Devices at fixed addresses map themselves.
    record Isa(String name) implements PluginBus {
        @Override
        public String kind() {
            return "ISA";
        }

        @Override
        public String title() {
            return "ISA";
        }

        @Override
        public boolean isHotPluggable() {
            return false;
        }

        @Override
        public void attach(PciHost host, Attachable device, Placement placement, boolean hot) {}
    }
}
