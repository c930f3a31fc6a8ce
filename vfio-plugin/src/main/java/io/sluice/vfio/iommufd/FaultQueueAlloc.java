package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Request;

/// IOMMU_FAULT_QUEUE_ALLOC: a queue of page requests, and a file to read and answer them by.
public record FaultQueueAlloc(int flags) implements Request<FaultQueueAlloc.Answer> {
    public record Answer(int faultId, int fd) {}
}
