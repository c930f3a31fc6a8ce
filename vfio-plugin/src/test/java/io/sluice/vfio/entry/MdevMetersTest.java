package io.sluice.vfio.entry;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.guest.GuestFunction;
import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.testkit.BellDriver;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.meter.Meter;
import io.sluice.vmm.meter.MeterBoard;
import io.sluice.vmm.testkit.PciBoard;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class MdevMetersTest {
    private static final int DEVICE = 3;
    private static final String UUID = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";

    private final PciBoard board = new PciBoard();
    private final MeterBoard meters = new MeterBoard();
    private long base;
    private AutoCloseable group = () -> {};

    @BeforeEach
    void place() {
        var bus = new MdevBus();
        bus.register(new BellDriver());
        var instance = bus.create("bell-1", UUID, board.loop::strand);
        board.host.add(Bdf.of(0, DEVICE, 0), new GuestFunction("vfio-pci", instance.open()).function());
        board.host.assignResources();
        board.enable(DEVICE, 6);
        base = board.bar(DEVICE, 0);
        group = MdevMeters.hang(meters, "bell-1", UUID, instance.counters());
    }

    @AfterEach
    void close() {
        board.close();
    }

    private long value(String name, String... access) {
        var tags = access.length == 0
                ? Map.of("type", "bell-1", "uuid", UUID)
                : Map.of("type", "bell-1", "uuid", UUID, "access", access[0]);
        return meters.meters().get(new Meter.Id(name, tags)) instanceof Meter.Counter counter
                ? counter.value().getAsLong()
                : -1;
    }

    @Test
    void accessesOfTheGuestAreCounted() {
        long reads = value("sluice.mdev.accesses", "read");
        long writes = value("sluice.mdev.accesses", "write");

        board.memory.write(base + 4, 4, 0);
        board.memory.write(base + 4, 4, 0);
        board.memory.read(base, 4);

        assertThat(value("sluice.mdev.accesses", "read")).isEqualTo(reads + 1);
        assertThat(value("sluice.mdev.accesses", "write")).isEqualTo(writes + 2);
    }

    @Test
    void interruptsAreCounted() {
        board.memory.write(base, 4, 1);

        assertThat(value("sluice.mdev.interrupts")).isPositive();
    }

    @Test
    void closingLeavesNoMeter() throws Exception {
        group.close();

        assertThat(meters.meters()).isEmpty();
    }

    @Test
    void theDocumentListsEveryMeter() throws IOException {
        var document = Files.readString(
                Path.of(System.getProperty("sluice.root", "..")).resolve("docs/metrics.md"));

        assertThat(meters.meters().values())
                .hasSize(3)
                .allSatisfy(meter -> assertThat(document)
                        .contains("| `" + meter.id().name().replace('.', '_') + "_total` | counter | "
                                + String.join(", ", meter.id().tags().keySet()) + " | "
                                + meter.about().description() + " |"));
    }
}
