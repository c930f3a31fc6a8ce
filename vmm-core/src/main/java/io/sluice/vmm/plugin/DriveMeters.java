package io.sluice.vmm.plugin;

import io.sluice.vmm.disk.Drive;
import io.sluice.vmm.disk.DriveStats;
import io.sluice.vmm.meter.Meter.Unit;
import io.sluice.vmm.meter.MeterGroup;
import java.util.Locale;
import java.util.Map;

/// Hangs out what is done with a drive, for as long as a device has it.
final class DriveMeters {
    private DriveMeters() {}

    static void hang(MeterGroup meters, Drive drive) {
        var stats = drive.stats();
        for (var kind : DriveStats.Kind.values()) {
            var tags = Map.of("drive", drive.id(), "operation", kind.name().toLowerCase(Locale.ROOT));
            meters.counter(
                    "sluice.drive.operations",
                    Unit.NONE,
                    "Operations on drives that were done",
                    tags,
                    () -> stats.operations(kind));
            meters.counter(
                    "sluice.drive.bytes", Unit.BYTES, "Bytes that they were about", tags, () -> stats.bytes(kind));
            meters.counter(
                    "sluice.drive.time",
                    Unit.SECONDS,
                    "Time that operations on drives took",
                    tags,
                    () -> stats.nanos(kind));
            meters.counter(
                    "sluice.drive.errors",
                    Unit.NONE,
                    "Operations on drives that the host failed",
                    tags,
                    () -> stats.failures(kind));
        }
    }
}
