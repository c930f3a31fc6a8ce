package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Request;

/// VFIO_IOMMU_UNMAP_DMA, of a container; answers how many bytes were unmapped.
///
/// @param flags [#ALL], and others that are not for everybody
/// @param pageSize with [#GET_DIRTY_BITMAP]: what a bit stands for
/// @param bitmap with [#GET_DIRTY_BITMAP]: a bit is set for each page of the range that was written; none is cleared
public record VfioIommuUnmapDma(int flags, long iova, long size, long pageSize, long[] bitmap)
        implements Request<Long> {
    public static final int GET_DIRTY_BITMAP = 1;
    public static final int ALL = 2;
    public static final int VADDR = 4;

    public VfioIommuUnmapDma(int flags, long iova, long size) {
        this(flags, iova, size, 0, new long[0]);
    }
}
