package io.sluice.vfio.iommufd;

/// A software device, as an access has to know it.
public interface AccessOps {
    /// Whether it pins pages, so that all addresses have to be whole pages.
    boolean needsPinPages();

    /// Addresses are about to be unmapped: every pin that has some of them is to be given back before this returns.
    /// Called without a lock, on the thread that unmaps; also for addresses that were never pinned. It must not map or
    /// unmap, and wait for nothing.
    ///
    /// @param iova the first address
    /// @param length bytes; -1 for all there are
    void unmapped(long iova, long length);
}
