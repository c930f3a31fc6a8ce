package io.sluice.vfio.vfio.pci;

import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.host.pci.HostInterrupts;
import io.sluice.vmm.pci.PciFunction;
import org.jspecify.annotations.Nullable;

/// A function of the host, with what its driver has to know of its place.
///
/// @param interrupts where its messages go and its pin leads: the same that its place is wired to
/// @param iommu what the IOMMU knows of it; null for a host without an IOMMU
/// @param isAloneOnBus whether resetting its bus resets nothing else
/// @param rom its expansion ROM; null for none
/// @param steps of its host
public record HostFunction(
        PciFunction function,
        HostInterrupts interrupts,
        @Nullable IommuDevice iommu,
        Identity identity,
        boolean isAloneOnBus,
        @Nullable Rom rom,
        Steps steps) {
    /// A physical function with a pin and without a ROM.
    public static HostFunction physical(
            PciFunction function, HostInterrupts interrupts, @Nullable IommuDevice iommu, Steps steps) {
        return new HostFunction(function, interrupts, iommu, Identity.PHYSICAL, false, null, steps);
    }
}
