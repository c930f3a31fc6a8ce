package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Request;

/// IOMMU_IOAS_MAP: memory of the calling process; answers where it is mapped.
///
/// @param flags [#FIXED_IOVA], [#WRITEABLE], [#READABLE]
/// @param iova where, if fixed
public record IoasMap(int flags, int ioasId, long userVa, long length, long iova) implements Request<Long> {
    public static final int FIXED_IOVA = 1;
    public static final int WRITEABLE = 2;
    public static final int READABLE = 4;

    static final int FLAGS = FIXED_IOVA | WRITEABLE | READABLE;
}
