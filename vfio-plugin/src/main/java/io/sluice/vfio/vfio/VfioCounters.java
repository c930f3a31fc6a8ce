package io.sluice.vfio.vfio;

/// What one vfio device has done for its user. Written inside the device's strand, as plain fields; any thread reads,
/// and sees it a little late.
public final class VfioCounters {
    long reads;
    long writes;
    long interrupts;
    long refused;

    /// Reads of regions, configuration space among them.
    public long reads() {
        return reads;
    }

    public long writes() {
        return writes;
    }

    /// Interrupts that somebody listened to.
    public long interrupts() {
        return interrupts;
    }

    /// Writes that the device could not take.
    public long refused() {
        return refused;
    }
}
