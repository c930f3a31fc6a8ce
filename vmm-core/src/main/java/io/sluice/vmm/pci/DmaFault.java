package io.sluice.vmm.pci;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.address.Pasid;
import org.jspecify.annotations.Nullable;

/// A DMA request of a function's that did not reach memory, or not all of it.
///
/// @param requester who sent it
/// @param function what kind of device that is
/// @param pasid null if the request had none
/// @param faults how many requests of the function have failed so far, this one with them
public record DmaFault(
        Bdf requester,
        String function,
        boolean write,
        @Nullable Pasid pasid,
        Iova address,
        int length,
        Reason reason,
        long faults) {
    public enum Reason {
        /// Bus mastering is off, in the function or in a bridge above it.
        BUS_MASTER_OFF,
        /// Nothing claimed the address, or not all of the range.
        UNCLAIMED
    }

    /// Who hears of faults. On the function's strand; must not block.
    @FunctionalInterface
    public interface Watch {
        void faulted(DmaFault fault);
    }
}
