package io.sluice.vfio.host.auxiliary;

import java.util.Set;

/// A driver of the host's for parts of devices. Called without a lock held.
public interface AuxiliaryDriver {
    String name();

    /// What it takes: a part's name without its number, as `mlx5_core.rdma`.
    Set<String> ids();

    /// Takes a part.
    ///
    /// @throws HostException if it cannot
    void probe(AuxiliaryDevice part);

    /// Gives it up, at once. Cannot fail, and waits for nobody.
    void remove(AuxiliaryDevice part);
}
