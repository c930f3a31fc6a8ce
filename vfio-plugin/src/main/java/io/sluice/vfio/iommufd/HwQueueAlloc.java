package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Request;

/// IOMMU_HW_QUEUE_ALLOC: gives a queue of the hardware to a guest; answers its id.
///
/// @param iova where the queue's memory is, in addresses of the nest parent
public record HwQueueAlloc(int flags, int viommuId, int type, int index, long iova, long length)
        implements Request<Integer> {
    public static final int TYPE_DEFAULT = 0;
}
