package io.sluice.vfio.mdev;

import io.sluice.vfio.iommufd.IommufdAccess;
import io.sluice.vfio.vfio.VfioDeviceOps;
import org.jspecify.annotations.Nullable;

/// One mediated device: it answers its regions, and tells its [MdevContext] of its interrupts.
///
/// An instance that has a requester id says so by [#iommu]: of its own, as a virtual function that its physical one
/// co-ordinates has; or one that it shares with others, and then [#takesRequester] is false and it works by PASIDs
/// alone. All others reach memory by [MdevDma] in software.
public interface MdevDevice extends VfioDeviceOps {
    /// Gives back what the instance took from its driver. Called once, not inside the strand; never fails.
    void close();

    @Override
    default boolean needsPinnedPages() {
        return iommu() == null;
    }

    /// Not for the author: [MdevContext#dma] has it.
    @Override
    default void bound(@Nullable IommufdAccess access) {}
}
