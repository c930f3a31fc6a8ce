package io.sluice.vfio.host.pci;

import io.sluice.vmm.pci.Sriov;

/// Enables and disables virtual functions in the registers of their physical one.
final class VfSwitch {
    private VfSwitch() {}

    static void on(HostFunction physical, int count) {
        var sriov = sriov(physical);
        physical.configWrite(sriov.base() + Sriov.NUM_VFS, 2, count);
        int ari = physical.config().features().ari() ? Sriov.ARI_HIERARCHY : 0;
        physical.configWrite(sriov.base() + Sriov.CONTROL, 2, Sriov.VF_ENABLE | Sriov.VF_MEMORY | ari);
    }

    static void off(HostFunction physical) {
        var sriov = sriov(physical);
        physical.configWrite(sriov.base() + Sriov.CONTROL, 2, 0);
        physical.configWrite(sriov.base() + Sriov.NUM_VFS, 2, 0);
    }

    private static Sriov sriov(HostFunction physical) {
        var sriov = physical.pci().extensions().sriov();
        if (sriov == null) {
            throw new IllegalStateException(physical + " is no physical function");
        }
        return sriov;
    }
}
