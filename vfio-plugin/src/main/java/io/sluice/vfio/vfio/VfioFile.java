package io.sluice.vfio.vfio;

import org.jspecify.annotations.Nullable;

/// A file of vfio that a machine can be coupled to: of a group, or of a device. What the machine gives is its own
/// identity, which a device takes when it is opened and keeps until it is closed.
public interface VfioFile {
    /// The machine that devices of this file will be opened for, from now on; null for none.
    void couple(@Nullable Object machine);

    /// Whether all DMA of its devices snoops the caches.
    boolean isCoherent();
}
