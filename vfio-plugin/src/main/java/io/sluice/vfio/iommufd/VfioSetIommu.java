package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Nothing;
import io.sluice.vfio.host.process.Request;

/// VFIO_SET_IOMMU, of a container.
///
/// @param type [VfioCheckExtension#TYPE1] or [VfioCheckExtension#TYPE1_V2]
public record VfioSetIommu(int type) implements Request<Nothing> {}
