package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Nothing;
import io.sluice.vfio.host.process.Request;

/// IOMMU_IOAS_CHANGE_PROCESS: what is pinned is charged to the calling process from now on. All of it has to be files.
public record IoasChangeProcess() implements Request<Nothing> {}
