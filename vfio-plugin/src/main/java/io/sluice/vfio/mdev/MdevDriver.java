package io.sluice.vfio.mdev;

import java.util.List;

/// The one class that the author of a mediated device writes. Found by ServiceLoader; one instance serves one
/// simulated host and is its parent device.
public interface MdevDriver {
    /// The driver's name, first part of its types' names.
    String name();

    List<MdevType> types();

    /// How many more instances of a type there can be.
    ///
    /// @param used instances of this type that exist
    default int available(MdevType type, int used) {
        return Math.max(0, type.maxInstances() - used);
    }

    /// Makes an instance.
    ///
    /// @throws HostException ENOSPC if the driver's pool is empty; then nothing is taken from it
    MdevDevice create(MdevType type, MdevContext context);
}
