/// The PCI hierarchy of the simulated host: what is where, who can reach whom past the IOMMU, which driver has what,
/// and
/// what is reset together.
///
/// A [HostPci] is built from a [HostConfig]. Its functions are the device models that stand on a guest's bus too; here
/// an
/// IOMMU is in front of memory. Requests take no lock; changes of the hierarchy are made one at a time, and drivers are
/// called without a lock held.
@NullMarked
package io.sluice.vfio.host.pci;

import org.jspecify.annotations.NullMarked;
