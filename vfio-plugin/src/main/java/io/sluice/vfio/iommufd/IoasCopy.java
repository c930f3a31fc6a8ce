package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Request;

/// IOMMU_IOAS_COPY: maps what another range is mapped to, sharing its pages; answers where.
///
/// @param flags as of [IoasMap]
public record IoasCopy(int flags, int dstIoasId, int srcIoasId, long length, long dstIova, long srcIova)
        implements Request<Long> {}
