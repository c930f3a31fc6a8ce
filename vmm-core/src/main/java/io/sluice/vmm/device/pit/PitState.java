package io.sluice.vmm.device.pit;

import java.util.List;

/// What a snapshot stores of the interval timer. Ticks count from the zero of the machine's clock.
public record PitState(List<Counter> counters, int port61) {
    /// One counter; -1 stands for "nothing latched".
    public record Counter(
            int mode,
            boolean bcd,
            int access,
            int count,
            int nextCount,
            long switchTick,
            boolean loaded,
            boolean gate,
            boolean running,
            long start,
            long frozen,
            int writeLow,
            boolean highNext,
            boolean readHighNext,
            int latchedCount,
            int latchedStatus) {}
}
