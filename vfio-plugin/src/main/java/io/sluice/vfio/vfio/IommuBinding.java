package io.sluice.vfio.vfio;

/// What a device has of the iommufd that it is bound to. Under the lock of its device set, but for [#context].
public interface IommuBinding {
    /// Its id in the iommufd.
    int id();

    /// The iommufd, to be compared with others.
    Object context();

    /// Puts the device, or one of its PASIDs, onto a page table.
    ///
    /// @param pasid 0 for requests without one
    /// @param replace whether it is on one already
    /// @return the id of the page table in use
    /// @throws HostException why not; then everything is as it was
    int attach(int pasid, int ptId, boolean replace);

    /// Puts the device, which is on none, onto the IOAS that stands for a container in its iommufd now.
    ///
    /// @return as [#attach]
    /// @throws HostException ENODEV without such an IOAS, or why not; then everything is as it was
    int attachCompat();

    /// Takes it off. Cannot fail; what is not on one stays so.
    void detach(int pasid);

    /// Ends it; nothing is attached any more.
    void unbind();
}
