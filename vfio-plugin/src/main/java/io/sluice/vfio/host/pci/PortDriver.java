package io.sluice.vfio.host.pci;

/// The driver that has the ports. It uses no DMA, so a group with a port in it can be owned by others.
final class PortDriver implements HostDriver {
    @Override
    public String name() {
        return "pcieport";
    }

    @Override
    public boolean matches(HostFunction function) {
        return switch (function.kind()) {
            case ROOT_PORT, UPSTREAM_PORT, DOWNSTREAM_PORT, EVENT_COLLECTOR -> true;
            case EXPRESS_TO_PCI, PCI_TO_EXPRESS, PCI_BRIDGE, ENDPOINT, INTEGRATED_ENDPOINT, CONVENTIONAL -> false;
        };
    }

    @Override
    public boolean managesDma() {
        return true;
    }

    @Override
    public void probe(HostFunction function) {}

    @Override
    public void remove(HostFunction function) {}
}
