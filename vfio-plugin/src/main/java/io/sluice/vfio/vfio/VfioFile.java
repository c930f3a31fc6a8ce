package io.sluice.vfio.vfio;

import io.sluice.vfio.host.process.OpenFile;
import org.jspecify.annotations.Nullable;

/// A file of vfio that a machine can be coupled to: of a group, or of a device. A device takes the machine when it is
/// opened, and keeps it until it is closed.
public interface VfioFile {
    /// The machine that devices of this file are opened for, from now on; null for none.
    void couple(@Nullable OpenFile machine);

    /// Whether all DMA of its devices snoops the caches.
    boolean isCoherent();
}
