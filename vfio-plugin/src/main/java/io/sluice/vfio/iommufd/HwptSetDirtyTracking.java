package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Nothing;
import io.sluice.vfio.host.process.Request;

/// IOMMU_HWPT_SET_DIRTY_TRACKING: begins to note writes, with nothing noted, or stops.
public record HwptSetDirtyTracking(int flags, int hwptId) implements Request<Nothing> {
    public static final int ENABLE = 1;
}
