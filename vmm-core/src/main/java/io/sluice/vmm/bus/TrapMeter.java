package io.sluice.vmm.bus;

import io.sluice.vmm.meter.LongHistogram;

/// Counts what one requester asks of devices in one space, and times some of it. Written by the requester's thread
/// alone; any thread reads.
///
/// Reading the clock twice costs more than a trapped access itself, so only one access in `period` is timed. An odd
/// period keeps step with no loop of the guest's for long.
public final class TrapMeter {
    private final int period;
    private final LongHistogram readTime = LongHistogram.ofNanos();
    private final LongHistogram writeTime = LongHistogram.ofNanos();
    private final LongHistogram posted = new LongHistogram(0, 12);
    private long reads;
    private long writes;
    private int untilTimedRead = 1;
    private int untilTimedWrite = 1;

    /// @param period one access in so many is timed, the first one always
    public TrapMeter(int period) {
        this.period = period;
    }

    /// Counts a read; whether it shall be timed.
    boolean countRead() {
        reads++;
        if (--untilTimedRead > 0) {
            return false;
        }
        untilTimedRead = period;
        return true;
    }

    boolean countWrite() {
        writes++;
        if (--untilTimedWrite > 0) {
            return false;
        }
        untilTimedWrite = period;
        return true;
    }

    /// Reads that no RAM answered.
    public long reads() {
        return reads;
    }

    /// Writes that no RAM took.
    public long writes() {
        return writes;
    }

    /// Nanoseconds until a device had answered.
    public LongHistogram readTime() {
        return readTime;
    }

    /// Nanoseconds until the requester could go on.
    public LongHistogram writeTime() {
        return writeTime;
    }

    /// How many tasks waited for a device when a write was put behind them, itself included.
    public LongHistogram posted() {
        return posted;
    }
}
