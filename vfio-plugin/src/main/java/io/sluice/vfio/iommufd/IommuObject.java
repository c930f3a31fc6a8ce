package io.sluice.vfio.iommufd;

/// What an id of a context names. Guarded by the context's lock.
abstract sealed class IommuObject
        permits Ioas, Hwpt, FaultQueue, IommufdDevice, IommufdAccess, Viommu, Vdevice, Veventq, HwQueue {
    /// Set when it is published.
    int id;

    /// Others that refer to it for long, and one for being there: only with one can it be destroyed.
    int users = 1;

    /// Calls that are in the middle of something with it, the lock let go meanwhile.
    int visits;

    /// Whether it has gone while a call was in the middle of something with it.
    boolean gone;

    /// It goes: lets go of what it refers to. Never fails.
    abstract void destroyed();

    /// What kind it is, for messages.
    abstract String kind();

    @Override
    public String toString() {
        return kind() + " " + id;
    }
}
