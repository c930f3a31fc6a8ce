package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Request;
import io.sluice.vfio.iommufd.ioas.IovaRange;
import java.util.List;

/// IOMMU_IOAS_IOVA_RANGES: the addresses that may be mapped.
///
/// @param room how many ranges the caller has room for; with less than there are, EMSGSIZE tells their count
public record IoasIovaRanges(int ioasId, int room) implements Request<IoasIovaRanges.Answer> {
    /// @param alignment what addresses and lengths have to be multiples of
    public record Answer(List<IovaRange> ranges, long alignment) {}
}
