package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Nothing;
import io.sluice.vfio.host.process.Request;
import io.sluice.vfio.iommufd.ioas.IovaRange;
import java.util.List;

/// IOMMU_IOAS_ALLOW_IOVAS: the addresses that automatic choice is restricted to; an empty list restricts nothing.
public record IoasAllowIovas(int ioasId, List<IovaRange> ranges) implements Request<Nothing> {
    public IoasAllowIovas {
        ranges = List.copyOf(ranges);
    }
}
