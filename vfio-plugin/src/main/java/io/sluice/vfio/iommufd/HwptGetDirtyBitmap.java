package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Nothing;
import io.sluice.vfio.host.process.Request;

/// IOMMU_HWPT_GET_DIRTY_BITMAP: sets the bits of pages that were written, and forgets that they were. Bits are never
/// cleared.
///
/// @param flags [#NO_CLEAR] to forget nothing
/// @param pageSize bytes that a bit stands for
/// @param bitmap bit `n` is bit `n % 8` of byte `offset + n / 8`
public record HwptGetDirtyBitmap(
        int hwptId, int flags, long iova, long length, long pageSize, byte[] bitmap, int offset)
        implements Request<Nothing> {
    public static final int NO_CLEAR = 1;
}
