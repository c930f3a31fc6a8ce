package io.sluice.vfio.host.iommu;

import io.sluice.vmm.address.Bdf;

/// Where writes to the interrupt window go. On the thread that did the DMA; must not block.
@FunctionalInterface
public interface InterruptSink {
    /// @param requester who sent it
    /// @param address within the window
    void interrupt(Bdf requester, int address, int data);
}
