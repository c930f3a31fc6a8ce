package io.sluice.vfio.vfio;

import io.sluice.vfio.host.process.OpenFile;

/// Binds devices to iommufds.
public interface IommuBinder {
    /// Whether a file is an iommufd.
    boolean isIommufd(OpenFile file);

    /// Makes a device known to an iommufd: one that has a requester id, as a device; an emulated one, as an access.
    ///
    /// @throws HostException EINVAL if its DMA is not coherent, EPERM if its interrupts are not kept apart or its group
    ///     is another's, EBUSY if a host driver uses its group
    IommuBinding bind(OpenFile iommufd, VfioNode node);

    /// Makes an IOAS of an iommufd that stands for a container, unless there is one.
    void makeCompat(OpenFile iommufd);
}
