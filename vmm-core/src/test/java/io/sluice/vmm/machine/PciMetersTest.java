package io.sluice.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.device.edu.Edu;
import io.sluice.vmm.meter.Meter;
import io.sluice.vmm.testkit.PciBoard;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class PciMetersTest {
    private static final int DEVICE = 2;
    private static final String BDF = "0000:00:02.0";

    private final PciBoard board = new PciBoard();
    private final Edu edu = new Edu(board.loop.strand(), Edu.DEFAULT_DMA_MASK);
    private final PciMeters meters = new PciMeters(board.host);
    private long base;

    @BeforeEach
    void place() {
        board.host.add(Bdf.of(0, DEVICE, 0), edu.function());
        board.host.assignResources();
        board.enable(DEVICE, 6);
        base = board.bar(DEVICE, 0);
    }

    @AfterEach
    void close() {
        board.close();
    }

    private void transfer(long source, long destination, long count, int command) {
        board.memory.write(base + 0x80, 8, source);
        board.memory.write(base + 0x88, 8, destination);
        board.memory.write(base + 0x90, 8, count);
        board.memory.write(base + 0x98, 4, command);
        board.loop.run();
    }

    private long value(String name, Map<String, String> tags) {
        return meters.now().stream()
                .filter(m -> m.id().equals(new Meter.Id(name, tags)))
                .mapToLong(m -> ((Meter.Counter) m).value().getAsLong())
                .sum();
    }

    @Test
    void dmaIsCountedByRequesterAndDirection() {
        transfer(0x1000, 0x4_0000, 100, 1);
        transfer(0x4_0000, 0x2000, 30, 3);
        transfer(0x4_0000, 0x2000, 4, 3);

        assertThat(value("sluice.dma.bytes", Map.of("bdf", BDF, "direction", "read")))
                .isEqualTo(100);
        assertThat(value("sluice.dma.bytes", Map.of("bdf", BDF, "direction", "write")))
                .isEqualTo(34);
        assertThat(value("sluice.dma.transactions", Map.of("bdf", BDF, "direction", "read")))
                .isEqualTo(1);
        assertThat(value("sluice.dma.transactions", Map.of("bdf", BDF, "direction", "write")))
                .isEqualTo(2);
    }

    @Test
    void whatFailsOrMayNotLeaveIsCounted() {
        transfer(PciBoard.RAM_SIZE + 0x10_0000, 0x4_0000, 8, 1);
        board.enable(DEVICE, 2);
        transfer(0x1000, 0x4_0000, 8, 1);

        assertThat(value("sluice.dma.failed", Map.of("bdf", BDF))).isEqualTo(1);
        assertThat(value("sluice.dma.refused", Map.of("bdf", BDF))).isEqualTo(1);
    }

    @Test
    void messagesAreCounted() {
        int capability = board.config(DEVICE, 0x34, 1);
        board.config(DEVICE, capability + 4, 4, 0xFEE0_0000L);
        board.config(DEVICE, capability + 2, 2, 1);

        board.memory.write(base + 0x60, 4, 1);
        board.memory.write(base + 0x60, 4, 1);

        assertThat(board.messages).hasSize(2);
        assertThat(value("sluice.msi.messages", Map.of("bdf", BDF))).isEqualTo(2);
    }

    @Test
    void aFunctionThatLeavesTakesItsMetersAlong() {
        board.host.remove(edu.function());

        assertThat(meters.now())
                .isNotEmpty()
                .allSatisfy(m -> assertThat(m.id().tags().get("bdf")).isNotEqualTo(BDF));
    }
}
