package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Request;
import org.jspecify.annotations.Nullable;

/// IOMMU_VIOMMU_ALLOC: a share of a physical IOMMU that a guest's driver is shown.
///
/// @param type which driver; none has the default one
/// @param data what the driver needs
public record ViommuAlloc(
        int flags,
        int type,
        int devId,
        int hwptId,
        @Nullable Object data) implements Request<ViommuAlloc.Answer> {
    public static final int TYPE_DEFAULT = 0;

    /// @param data what the driver says
    public record Answer(int viommuId, @Nullable Object data) {}
}
