/// The IOMMU of the simulated host: what a requester id and a PASID translate through, and nothing that user space
/// sees.
///
/// One domain is a set of translations. A [DmaContext] is the hardware's view of one requester id: a domain for
/// requests
/// without PASID, one for each PASID, and the translations it has cached. DMA takes no lock and allocates nothing; when
/// a
/// call that takes something away returns, no DMA goes there and none is on its way.
@NullMarked
package io.sluice.vfio.host.iommu;

import org.jspecify.annotations.NullMarked;
