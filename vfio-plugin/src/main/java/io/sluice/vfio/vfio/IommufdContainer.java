package io.sluice.vfio.vfio;

import io.sluice.vfio.host.process.OpenFile;

/// An iommufd that a group was put into as if it were a container: each device is bound to it when it is opened, and
/// attached to what stands for the container then. No id is remembered: it may name another object by that time.
final class IommufdContainer implements GroupContainer {
    private final IommuBinder binder;
    private final OpenFile iommufd;

    IommufdContainer(IommuBinder binder, OpenFile iommufd) {
        this.binder = binder;
        this.iommufd = iommufd;
    }

    @Override
    public void join(VfioGroup group) {
        binder.makeCompat(iommufd);
    }

    @Override
    public void leave(VfioGroup group) {}

    @Override
    public boolean isReady() {
        return true;
    }

    @Override
    public IommuBinding bind(VfioNode node) {
        return binder.bind(iommufd, node);
    }

    @Override
    public void hold(boolean on) {
        if (on) {
            iommufd.retain();
        } else {
            iommufd.drop();
        }
    }
}
