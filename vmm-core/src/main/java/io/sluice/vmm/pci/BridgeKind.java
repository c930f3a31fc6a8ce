package io.sluice.vmm.pci;

import org.jspecify.annotations.Nullable;

/// What a bridge is, and by which ids it is known.
public enum BridgeKind {
    ROOT_PORT(PciExpress.Type.ROOT_PORT, 0x1B36, 0x000C),
    UPSTREAM_PORT(PciExpress.Type.UPSTREAM_PORT, 0x104C, 0x8232),
    DOWNSTREAM_PORT(PciExpress.Type.DOWNSTREAM_PORT, 0x104C, 0x8233),
    /// From PCI Express down to conventional PCI.
    EXPRESS_TO_PCI(PciExpress.Type.PCI_BRIDGE, 0x1B36, 0x000E),
    /// From conventional PCI down to PCI Express.
    PCI_TO_EXPRESS(PciExpress.Type.EXPRESS_BRIDGE, 0x1B36, 0x000E),
    /// From conventional PCI to conventional PCI.
    PCI_TO_PCI(null, 0x1B36, 0x0001);

    final PciExpress.@Nullable Type type;
    final int vendor;
    final int device;

    BridgeKind(PciExpress.@Nullable Type type, int vendor, int device) {
        this.type = type;
        this.vendor = vendor;
        this.device = device;
    }

    /// Whether the bus behind is a link: one device, which nobody else's requests pass.
    public boolean leadsToLink() {
        return this == ROOT_PORT || this == DOWNSTREAM_PORT || this == PCI_TO_EXPRESS;
    }

    /// Whether the bus behind is a conventional one, on which everybody sees every request.
    public boolean leadsToConventional() {
        return this == EXPRESS_TO_PCI || this == PCI_TO_PCI;
    }
}
