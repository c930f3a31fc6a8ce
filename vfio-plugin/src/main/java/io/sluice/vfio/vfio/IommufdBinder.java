package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.process.OpenFile;
import io.sluice.vfio.iommufd.AccessOps;
import io.sluice.vfio.iommufd.Iommufd;
import io.sluice.vfio.iommufd.IommufdAccess;
import io.sluice.vfio.iommufd.IommufdDevice;
import io.sluice.vmm.address.Iova;

/// Binds devices to the iommufds of `/dev/iommu`.
public final class IommufdBinder implements IommuBinder {
    @Override
    public boolean isIommufd(OpenFile file) {
        return file instanceof Iommufd;
    }

    @Override
    public void makeCompat(OpenFile iommufd) {
        context(iommufd).compatIoas();
    }

    private static Iommufd context(OpenFile file) {
        if (file instanceof Iommufd context) {
            return context;
        }
        throw new HostException(Errno.EBADFD, "no iommufd");
    }

    @Override
    public IommuBinding bind(OpenFile iommufd, VfioNode node) {
        var context = context(iommufd);
        var iommu = node.iommu();
        if (iommu != null) {
            if (!node.ops().takesRequester()) {
                iommu.share();
            }
            return new DeviceBinding(IommufdDevice.bind(context, iommu));
        }
        var access = IommufdAccess.create(context, new Emulated(node.ops()));
        node.strand().call(() -> node.ops().bound(access));
        return new AccessBinding(node, access);
    }

    /// What an access tells is what an emulated device hears.
    private record Emulated(VfioDeviceOps device) implements AccessOps {
        @Override
        public boolean needsPinPages() {
            return device.needsPinnedPages();
        }

        @Override
        public void unmapped(long iova, long length) {
            device.unmapped(new Iova(iova), length);
        }
    }

    private record DeviceBinding(IommufdDevice device) implements IommuBinding {
        @Override
        public int id() {
            return device.id();
        }

        @Override
        public Object context() {
            return device.context();
        }

        @Override
        public int attach(int pasid, int ptId, boolean replace) {
            return replace ? device.replace(pasid, ptId) : device.attach(pasid, ptId);
        }

        @Override
        public int attachCompat() {
            return device.attachCompat();
        }

        @Override
        public void detach(int pasid) {
            device.detach(pasid);
        }

        @Override
        public void unbind() {
            device.unbind();
        }
    }

    private record AccessBinding(VfioNode node, IommufdAccess access) implements IommuBinding {
        @Override
        public int id() {
            return access.id();
        }

        @Override
        public Object context() {
            return access.context();
        }

        @Override
        public int attach(int pasid, int ptId, boolean replace) {
            if (replace) {
                access.replace(ptId);
            } else {
                access.attach(ptId);
            }
            return ptId;
        }

        @Override
        public int attachCompat() {
            return access.attachCompat();
        }

        @Override
        public void detach(int pasid) {
            access.detach();
        }

        @Override
        public void unbind() {
            node.strand().call(() -> node.ops().bound(null));
            access.destroy();
        }
    }
}
