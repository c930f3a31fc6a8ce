/// A vfio device as its user sees it: regions at file offsets, interrupts by SET_IRQS, reset. The device itself is
/// behind [VfioDeviceOps]. Each device lives in one strand; the user calls from inside it. Knows no mdev and no guest.
@NullMarked
package io.sluice.vfio.vfio;

import org.jspecify.annotations.NullMarked;
