package io.sluice.vmm.meter;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

final class CommandMetersTest {
    private final MeterBoard board = new MeterBoard();
    private final CommandMeters commands = new CommandMeters(board);

    private long count(String name, Map<String, String> tags) {
        return board.meters().get(new Meter.Id(name, tags)) instanceof Meter.Counter counter
                ? counter.value().getAsLong()
                : -1;
    }

    @Test
    void commandsAreCountedByNameAndOutcome() {
        commands.answered("stop", true, 1000);
        commands.answered("stop", true, 3000);
        commands.answered("stop", false, 2000);

        assertThat(count("sluice.qmp.commands", Map.of("command", "stop", "outcome", "success")))
                .isEqualTo(2);
        assertThat(count("sluice.qmp.commands", Map.of("command", "stop", "outcome", "error")))
                .isEqualTo(1);
        assertThat(board.meters().get(new Meter.Id("sluice.qmp.command.time", Map.of("command", "stop"))))
                .isInstanceOfSatisfying(Meter.Histogram.class, time -> {
                    assertThat(time.values().snapshot().count()).isEqualTo(3);
                    assertThat(time.values().snapshot().sum()).isEqualTo(6000);
                });
    }

    @Test
    void eventsAreCountedByName() {
        commands.emitted("STOP");
        commands.emitted("STOP");

        assertThat(count("sluice.qmp.events", Map.of("event", "STOP"))).isEqualTo(2);
    }

    @Test
    void aClientCannotMakeItGrow() {
        for (int i = 0; i < 10 * CommandMeters.MOST_NAMES; i++) {
            commands.answered("name-" + i, false, 1);
        }

        assertThat(board.meters()).hasSizeLessThan(4 * CommandMeters.MOST_NAMES);
        assertThat(count("sluice.qmp.commands", Map.of("command", "other", "outcome", "error")))
                .isGreaterThan(8L * CommandMeters.MOST_NAMES);
    }

    @Test
    void closingLeavesNoMeter() {
        commands.answered("stop", true, 1);

        commands.close();
        commands.answered("cont", true, 1);

        assertThat(board.meters()).isEmpty();
    }
}
