/// The IOMMU of the simulated host: what a requester id and a PASID translate through, and nothing that user space
/// sees.
///
/// An [IommuUnit] knows who stands behind it; an [IommuGroup] is handed out as a whole, and says which [Domain] its
/// devices are in. Domains are set and changed by any thread. A [DmaContext] is the hardware's view of one requester
/// id: a domain for requests without PASID, one for each PASID, and the translations it has cached. DMA is for the
/// strand of the device; it takes no lock and allocates nothing; when a call that takes something away returns, no DMA
/// goes there and none is on its way. What waits for a page (a [DmaOperation]) keeps nobody else waiting.
@NullMarked
package io.sluice.vfio.host.iommu;

import org.jspecify.annotations.NullMarked;
