package io.sluice.vfio.host.iommu;

/// Who hears of the pages that a device asks for. On the thread that did the DMA, no lock held; must not block.
@FunctionalInterface
public interface PageRequests {
    void requested(PageRequestGroup group);
}
