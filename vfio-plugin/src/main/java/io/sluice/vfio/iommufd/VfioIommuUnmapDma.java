package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Request;

/// VFIO_IOMMU_UNMAP_DMA, of a container; answers how many bytes were unmapped.
///
/// @param flags [#ALL], and others that are not for everybody
public record VfioIommuUnmapDma(int flags, long iova, long size) implements Request<Long> {
    public static final int GET_DIRTY_BITMAP = 1;
    public static final int ALL = 2;
    public static final int VADDR = 4;
}
