package io.sluice.vfio.host.process;

/// What a process may that others may not (capabilities(7)), as far as anything here asks.
public enum Capability {
    /// Locks memory without a limit.
    IPC_LOCK,
    /// Sets how it is charged.
    SYS_RESOURCE,
    /// Opens devices that no IOMMU holds.
    SYS_RAWIO,
    SYS_ADMIN
}
