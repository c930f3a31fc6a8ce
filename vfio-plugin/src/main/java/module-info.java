/// Devices that a virtual machine is handed: vfio, the mdev bus, and what a driver author writes against.
module io.sluice.vfio {
    requires com.fasterxml.jackson.core;
    requires transitive io.sluice.vmm;
    requires static org.jspecify;

    exports io.sluice.vfio.enqcmd;
    exports io.sluice.vfio.host.auxiliary;
    exports io.sluice.vfio.host.iommu;
    exports io.sluice.vfio.host.memory;
    exports io.sluice.vfio.host.pci;
    exports io.sluice.vfio.host.process;
    exports io.sluice.vfio.host;
    exports io.sluice.vfio.iommufd;
    exports io.sluice.vfio.mdev;
    exports io.sluice.vfio.vfio;

    opens io.sluice.vfio.entry to
            io.sluice.vmm;

    uses io.sluice.vfio.mdev.MdevDriver;

    provides io.sluice.vmm.plugin.Plugin with
            io.sluice.vfio.entry.VfioPlugin;
}
