package io.sluice.vmm.machine;

import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.meter.Meter.Unit;
import io.sluice.vmm.meter.MeterBoard;
import io.sluice.vmm.meter.MeterGroup;
import java.util.Map;

/// Hangs out what a machine and its parts count. The meters stand in docs/metrics.md.
final class MachineMeters implements AutoCloseable {
    private final MeterGroup group;
    private final Board board;

    MachineMeters(MeterBoard meters, Board board, GuestRam ram) {
        this.group = meters.group();
        this.board = board;
        long bytes = ram.size();
        group.gauge("sluice.memory.size", Unit.BYTES, "Guest RAM", Map.of(), () -> bytes);
        group.counter("sluice.guest.time", Unit.SECONDS, "Time that the guest has lived", Map.of(), board.clock::nanos);
        VcpuMeters.hang(group, board.vcpu);
        meters.onUse(board.vcpu::meterTraps);
        hangBus();
        hangStrands("platform");
        hangStrands("device");
        group.addChanging(new PciMeters(board.pci)::now);
    }

    private void hangBus() {
        var description = "Accesses that nothing claimed";
        group.counter(
                "sluice.bus.unclaimed", Unit.NONE, description, Map.of("space", "memory"), board.memory::unclaimed);
        group.counter("sluice.bus.unclaimed", Unit.NONE, description, Map.of("space", "port"), board.io::unclaimed);
        group.counter(
                "sluice.msi.dropped",
                Unit.NONE,
                "Interrupt messages that reached no local APIC",
                Map.of(),
                board.apicBus::dropped);
    }

    private void hangStrands(String kind) {
        var strands = board.strands;
        var tags = Map.of("group", kind);
        group.gauge("sluice.strand.count", Unit.NONE, "Strands", tags, () -> strands.count(kind));
        group.gauge(
                "sluice.strand.backlog",
                Unit.NONE,
                "Tasks, posted writes among them, that wait in all strands",
                tags,
                () -> strands.backlog(kind));
        group.gauge(
                "sluice.strand.backlog.longest",
                Unit.NONE,
                "Tasks that wait in the strand with most",
                tags,
                () -> strands.longestBacklog(kind));
    }

    /// @param index 0 for COM1
    void hangSerial(int index, UartCounters counters) {
        var port = "com" + (index + 1);
        var description = "Bytes that serial ports gave to the outside and to the guest";
        group.counter(
                "sluice.uart.bytes",
                Unit.BYTES,
                description,
                Map.of("port", port, "direction", "sent"),
                counters::bytesSent);
        group.counter(
                "sluice.uart.bytes",
                Unit.BYTES,
                description,
                Map.of("port", port, "direction", "received"),
                counters::bytesReceived);
        group.counter(
                "sluice.uart.overruns",
                Unit.NONE,
                "Bytes that the guest wrote into a full transmitter, which are lost",
                Map.of("port", port),
                counters::overruns);
    }

    void hangLife(Lifecycle life) {
        for (var state : Lifecycle.runStates()) {
            group.gauge(
                    "sluice.run.state",
                    Unit.NONE,
                    "1 for the state that the machine is in, 0 for the others",
                    Map.of("state", state.text()),
                    () -> life.state().runState() == state ? 1 : 0);
        }
    }

    @Override
    public void close() {
        group.close();
    }
}
