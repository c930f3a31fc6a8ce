package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Nothing;
import io.sluice.vfio.host.process.Request;

/// VFIO_IOMMU_MAP_DMA, of a container: memory of the calling process.
///
/// @param flags [#READ], [#WRITE], [#VADDR]
public record VfioIommuMapDma(int flags, long vaddr, long iova, long size) implements Request<Nothing> {
    public static final int READ = 1;
    public static final int WRITE = 2;
    public static final int VADDR = 4;
}
