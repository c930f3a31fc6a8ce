package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Request;
import io.sluice.vfio.iommufd.ioas.IovaRange;
import java.util.List;

/// VFIO_IOMMU_GET_INFO, of a container.
public record VfioIommuGetInfo() implements Request<VfioIommuGetInfo.Answer> {
    /// @param pageSizes a bit for each size that can be mapped
    /// @param ranges addresses that may be mapped
    /// @param mappingsLeft how many more mappings there may be
    public record Answer(long pageSizes, List<IovaRange> ranges, long mappingsLeft) {}
}
