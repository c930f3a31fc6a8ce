/// I/O virtual addresses of one IOAS: which of them may be used, the areas that are mapped, and the page objects that
/// stand behind them. Everything here is guarded by the lock of the iommufd context that owns it, and calls nobody but
/// the IOMMU's domains and the sources of pages.
///
/// Ranges are `first..last`, both inclusive and unsigned, for an area may end at 2^64-1. Giving back never fails.
@NullMarked
package io.sluice.vfio.iommufd.ioas;

import org.jspecify.annotations.NullMarked;
