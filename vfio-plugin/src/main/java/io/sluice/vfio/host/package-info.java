/// The simulated host. So far: the words in which its kernel refuses. Its PCI topology, groups and IOMMU live here.
@NullMarked
package io.sluice.vfio.host;

import org.jspecify.annotations.NullMarked;
