package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Request;

/// IOMMU_VFIO_IOAS: the IOAS that the requests of vfio's container mean; answers its id.
public record IommuVfioIoas(int ioasId, int op) implements Request<Integer> {
    public static final int GET = 0;
    public static final int SET = 1;
    public static final int CLEAR = 2;
}
