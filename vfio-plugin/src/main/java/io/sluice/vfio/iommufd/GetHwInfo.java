package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Request;

/// IOMMU_GET_HW_INFO: what the IOMMU of a device can do.
///
/// @param flags [#INPUT_TYPE] if `dataType` says what kind of data is wanted
public record GetHwInfo(int flags, int devId, int dataType) implements Request<GetHwInfo.Answer> {
    public static final int INPUT_TYPE = 1;

    /// The device's own kind.
    public static final int DATA_DEFAULT = 0;

    public static final int DATA_INTEL_VTD = 1;

    public static final int CAP_DIRTY_TRACKING = 1;
    public static final int CAP_PCI_ATS_NOT_SUPPORTED = 8;

    /// What a VT-d unit tells of itself.
    public record Vtd(int flags, long cap, long ecap) {}

    /// @param maxPasidLog2 width of the device's PASIDs; 0 if it has none
    public record Answer(int dataType, Vtd data, int maxPasidLog2, long capabilities) {}
}
