package io.sluice.vmm.meter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vmm.meter.Meter.Unit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class MeterBoardTest {
    private final MeterBoard board = new MeterBoard();

    private static Meter.Id id(String name, String key, String value) {
        return new Meter.Id(name, Map.of(key, value));
    }

    @Test
    void aGroupThatClosesTakesItsMetersAlong() {
        var first = board.group();
        var second = board.group();
        first.counter("sluice.a", Unit.NONE, "", Map.of("x", "1"), () -> 1);
        second.counter("sluice.a", Unit.NONE, "", Map.of("x", "2"), () -> 2);

        first.close();

        assertThat(board.meters()).containsOnlyKeys(id("sluice.a", "x", "2"));
    }

    @Test
    void whatChangesIsLookedUpEachTime() {
        var names = new ArrayList<>(List.of("1"));
        board.group()
                .addChanging(() -> names.stream()
                        .<Meter>map(
                                n -> new Meter.Gauge(id("sluice.a", "x", n), new Meter.About(Unit.NONE, ""), () -> 0))
                        .toList());
        assertThat(board.meters()).hasSize(1);

        names.set(0, "2");

        assertThat(board.meters()).containsOnlyKeys(id("sluice.a", "x", "2"));
    }

    @Test
    void oneNameIsOneKindOfMeter() {
        var group = board.group();
        group.counter("sluice.a", Unit.NONE, "", Map.of("x", "1"), () -> 1);

        assertThatThrownBy(() -> group.gauge("sluice.a", Unit.NONE, "", Map.of("x", "2"), () -> 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> group.counter("sluice.a", Unit.NONE, "", Map.of("y", "1"), () -> 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> group.counter("sluice.a", Unit.BYTES, "", Map.of("x", "2"), () -> 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(board.meters()).hasSize(1);
    }

    @Test
    void listenersHearTheFirstWhoLooksAndTheLast() {
        var heard = new ArrayList<Boolean>();
        board.onUse(heard::add);

        var first = board.use();
        var second = board.use();
        first.close();
        first.close();
        second.close();

        assertThat(heard).containsExactly(true, false);
    }

    @Test
    void whoComesLateHearsThatSomebodyLooks() {
        var heard = new ArrayList<Boolean>();
        board.use();

        board.onUse(heard::add);

        assertThat(heard).containsExactly(true);
    }
}
