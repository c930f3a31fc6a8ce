package io.sluice.vmm.device.hpet;

import java.util.List;

/// What a snapshot stores of the HPET. `counter` is the main counter's value now.
public record HpetState(int configuration, int status, long counter, List<Timer> timers) {
    /// One comparator; `period` is what was last written to it in periodic mode.
    public record Timer(int configuration, long comparator, long period, long message) {}
}
