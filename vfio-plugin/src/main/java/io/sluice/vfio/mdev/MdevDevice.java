package io.sluice.vfio.mdev;

import io.sluice.vfio.vfio.VfioDeviceOps;

/// One mediated device: it answers its regions, and tells its [MdevContext] of its interrupts.
public interface MdevDevice extends VfioDeviceOps {
    /// Gives back what the instance took from its driver. Called once, not inside the strand; never fails.
    void close();
}
