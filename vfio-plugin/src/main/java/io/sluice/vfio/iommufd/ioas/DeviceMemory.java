package io.sluice.vfio.iommufd.ioas;

import io.sluice.vfio.host.memory.HostFrames;

/// Memory of a device that another device may be let at: it is there while its owner says so. Nobody pays for it, and
/// no
/// processor copies from it.
public interface DeviceMemory {
    /// Its frames; whole pages.
    HostFrames.Run memory();

    /// Whether its owner has it back for now.
    boolean isRevoked();

    /// Whether it is the memory of a buffer.
    boolean isOf(Object buffer);

    /// No area has it any more.
    void unused();
}
