package io.sluice.vfio.host.iommu;

import java.util.List;

/// What the IOMMU has to know of a device.
///
/// @param pasidBits width of the PASIDs that it sends; 0 for none
/// @param dirtyTracking whether its writes can be noted
/// @param ats whether it can hold translations of its own
/// @param pri whether it can ask for pages
/// @param coherent whether its DMA snoops the caches
/// @param reserved addresses that are not free for it, beside those of its unit
public record DeviceTraits(
        int pasidBits,
        boolean dirtyTracking,
        boolean ats,
        boolean pri,
        boolean coherent,
        List<ReservedRegion> reserved) {
    /// No PASIDs, no ATS; DMA that snoops, and can be noted.
    public static final DeviceTraits PLAIN = new DeviceTraits(0, true, false, false, true, List.of());

    public DeviceTraits {
        reserved = List.copyOf(reserved);
        if (pasidBits < 0 || pasidBits > UnitSettings.MOST_PASID_BITS) {
            throw new IllegalArgumentException("PASIDs of " + pasidBits + " bits");
        }
    }
}
