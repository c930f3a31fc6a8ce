package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Request;

/// VFIO_GET_API_VERSION, of a container.
public record VfioGetApiVersion() implements Request<Integer> {}
