package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Request;

/// IOMMU_IOAS_ALLOC: an empty IOAS; answers its id.
public record IoasAlloc(int flags) implements Request<Integer> {}
