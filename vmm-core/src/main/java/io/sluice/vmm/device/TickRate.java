package io.sluice.vmm.device;

/// Converts between nanoseconds and the ticks of an oscillator without drift: both count from the same zero, and every
/// tick has one exact nanosecond at which it starts. Values are not negative.
public record TickRate(long hertz) {
    private static final long SECOND = 1_000_000_000;

    public TickRate {
        if (hertz < 1 || hertz > SECOND) {
            throw new IllegalArgumentException("no such rate: " + hertz + " Hz");
        }
    }

    /// Whole ticks that have passed at `nanos`.
    public long ticksAt(long nanos) {
        return nanos / SECOND * hertz + nanos % SECOND * hertz / SECOND;
    }

    /// The first nanosecond at which `ticks` ticks have passed.
    public long nanosAt(long ticks) {
        return ticks / hertz * SECOND + (ticks % hertz * SECOND + hertz - 1) / hertz;
    }
}
