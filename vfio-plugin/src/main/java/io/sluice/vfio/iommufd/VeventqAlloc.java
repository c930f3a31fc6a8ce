package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Request;

/// IOMMU_VEVENTQ_ALLOC: a queue of what a VIOMMU has to tell its guest, and a file to read it by.
///
/// @param depth how many events are kept
public record VeventqAlloc(int flags, int viommuId, int type, int depth) implements Request<VeventqAlloc.Answer> {
    public static final int TYPE_DEFAULT = 0;

    public record Answer(int veventqId, int fd) {}
}
