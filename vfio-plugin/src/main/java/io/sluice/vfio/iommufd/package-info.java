/// I/O address spaces by file: what an open `/dev/iommu` holds, and what devices, of hardware and of software, are
/// attached to. One lock a context guards all of it; nobody outside is called with it held, and nobody is waited for.
/// Destroying never fails.
@NullMarked
package io.sluice.vfio.iommufd;

import org.jspecify.annotations.NullMarked;
