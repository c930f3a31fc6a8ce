package io.sluice.vfio.entry;

import io.sluice.vfio.host.pci.HostDriver;
import io.sluice.vfio.host.pci.HostFunction;

/// The host's driver `pci-pf-stub`: it has a physical function so that its virtual ones can be enabled, and does
/// nothing
/// else with it.
final class PfStub implements HostDriver {
    static final String NAME = "pci-pf-stub";

    @Override
    public String name() {
        return NAME;
    }

    /// It takes nothing unasked.
    @Override
    public boolean matches(HostFunction function) {
        return false;
    }

    @Override
    public boolean enablesVfs() {
        return true;
    }

    @Override
    public void probe(HostFunction function) {}

    @Override
    public void remove(HostFunction function) {}
}
