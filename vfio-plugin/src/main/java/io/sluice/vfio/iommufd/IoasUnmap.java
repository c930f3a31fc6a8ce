package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Request;

/// IOMMU_IOAS_UNMAP: whole areas of a range; answers how many bytes were unmapped. No DMA reaches them any more then.
public record IoasUnmap(int ioasId, long iova, long length) implements Request<Long> {
    /// Everything that is mapped in an IOAS; no error if nothing is.
    public static IoasUnmap all(int ioasId) {
        return new IoasUnmap(ioasId, 0, -1);
    }
}
