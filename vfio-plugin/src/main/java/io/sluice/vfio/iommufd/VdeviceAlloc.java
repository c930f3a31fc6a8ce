package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Request;

/// IOMMU_VDEVICE_ALLOC: what the guest of a VIOMMU calls a device; answers its id.
public record VdeviceAlloc(int viommuId, int devId, long virtId) implements Request<Integer> {}
