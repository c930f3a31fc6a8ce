/// The auxiliary bus of the host: parts of a device that other drivers of the host have, as a network card's RDMA. A
/// part
/// belongs to the driver of its parent, and goes with it.
///
/// Mediated devices are none of this: they are made on a bus of their own, and vfio alone has them. So nothing here
/// knows
/// vfio, and the rooms of vfio and mdev do not know this one.
@NullMarked
package io.sluice.vfio.host.auxiliary;

import org.jspecify.annotations.NullMarked;
