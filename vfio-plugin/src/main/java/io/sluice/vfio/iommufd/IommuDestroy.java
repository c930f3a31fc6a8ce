package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Nothing;
import io.sluice.vfio.host.process.Request;

/// IOMMU_DESTROY: an object goes, if nothing uses it.
public record IommuDestroy(int id) implements Request<Nothing> {}
