package io.sluice.vfio.host.iommu;

import java.util.concurrent.atomic.AtomicInteger;

/// Where the requests of a requester id, or of one of its PASIDs, go: nowhere, or through a set of translations.
public abstract sealed class Domain permits BlockingDomain, PagingDomain, NestedDomain {
    private static final AtomicInteger NUMBERS = new AtomicInteger();

    private final int number = NUMBERS.incrementAndGet();

    Domain() {}

    /// Tells it from every other domain, in caches.
    final int number() {
        return number;
    }

    /// Finds out whether a device can be in it.
    ///
    /// @throws HostException EINVAL if it cannot
    abstract void require(IommuDevice device);

    /// Translates one request, and notes in the tables that it was made. On a thread that does DMA, while its epoch is
    /// odd.
    ///
    /// @param need [PageTable#READ] or [PageTable#WRITE], perhaps with [PageTable#PRIVILEGED]
    /// @return the frame, and those permissions that a cache may go by later; without what is needed, why not:
    ///     [DmaFaults.Reason#of]
    abstract long walk(long iova, long need);

    /// Now in use by `context`, perhaps once more.
    abstract void enter(DmaContext context);

    /// In use by `context` once less.
    abstract void leave(DmaContext context);
}
