package io.sluice.vfio.mdev;

import io.sluice.vfio.iommufd.IommufdAccess;
import io.sluice.vfio.vfio.ForwardingDevice;
import io.sluice.vmm.address.Iova;
import org.jspecify.annotations.Nullable;

/// What vfio has of an instance: what its author wrote, and the bookkeeping of its memory, which he need not write.
final class MdevOps extends ForwardingDevice {
    private final MdevDevice device;
    private final MdevDma dma;

    MdevOps(MdevDevice device, MdevDma dma) {
        super(device);
        this.device = device;
        this.dma = dma;
    }

    @Override
    public void bound(@Nullable IommufdAccess access) {
        dma.bound(access);
    }

    @Override
    public void attached(int pasid) {
        dma.allow(pasid);
        device.attached(pasid);
    }

    @Override
    public void detached(int pasid) {
        dma.forbid(pasid);
        device.detached(pasid);
    }

    @Override
    public void unmapped(Iova iova, long length) {
        dma.unmapped(iova.bits(), length);
        device.unmapped(iova, length);
    }
}
