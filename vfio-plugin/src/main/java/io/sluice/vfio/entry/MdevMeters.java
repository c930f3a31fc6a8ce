package io.sluice.vfio.entry;

import io.sluice.vfio.vfio.VfioCounters;
import io.sluice.vmm.meter.Meter.Unit;
import io.sluice.vmm.meter.MeterBoard;
import io.sluice.vmm.meter.MeterGroup;
import java.util.Map;

/// The meters of one mediated device, for as long as it is on the bus.
final class MdevMeters {
    private MdevMeters() {}

    /// @param type name of the type
    /// @param uuid name of the instance
    static MeterGroup hang(MeterBoard board, String type, String uuid, VfioCounters counters) {
        var group = board.group();
        var accesses = "Accesses to the regions of a mediated device";
        group.counter(
                "sluice.mdev.accesses",
                Unit.NONE,
                accesses,
                Map.of("type", type, "uuid", uuid, "access", "read"),
                counters::reads);
        group.counter(
                "sluice.mdev.accesses",
                Unit.NONE,
                accesses,
                Map.of("type", type, "uuid", uuid, "access", "write"),
                counters::writes);
        group.counter(
                "sluice.mdev.interrupts",
                Unit.NONE,
                "Interrupts of a mediated device that its user listened to",
                Map.of("type", type, "uuid", uuid),
                counters::interrupts);
        return group;
    }
}
