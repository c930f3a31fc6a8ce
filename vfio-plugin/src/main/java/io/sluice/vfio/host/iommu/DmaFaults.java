package io.sluice.vfio.host.iommu;

import io.sluice.vmm.address.Bdf;

/// Who hears of requests that went nowhere. On the thread that did the DMA, after the piece that failed; must not
/// block.
@FunctionalInterface
public interface DmaFaults {
    /// Why a request went nowhere.
    enum Reason {
        /// The requester id, or its PASID, is in no domain.
        BLOCKED,
        /// Nothing is mapped there.
        NOT_PRESENT,
        /// It is mapped, but not for this.
        NOT_ALLOWED
    }

    /// @param pasid 0 if the request had none
    /// @param iova the first address that could not be had
    void faulted(Bdf requester, int pasid, long iova, boolean write, Reason reason);
}
