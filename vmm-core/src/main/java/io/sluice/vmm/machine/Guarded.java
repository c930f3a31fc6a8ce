package io.sluice.vmm.machine;

import io.sluice.vmm.loop.Strand;

/// What resets and ends with the machine: a device that lives on a strand.
///
/// @param reset runs inside `strand`
record Guarded(Strand strand, Runnable reset) {
    /// From the thread that owns the machine.
    void resetNow() {
        strand.call(reset);
    }
}
