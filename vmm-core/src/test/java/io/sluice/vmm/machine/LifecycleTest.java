package io.sluice.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.machine.Lifecycle.State;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class LifecycleTest {
    @ParameterizedTest
    @CsvSource({
        "PRELAUNCH, RUNNING DEBUG ENDED",
        "RUNNING, PAUSED DEBUG PANICKED FAILED SHUTDOWN ENDED",
        "PAUSED, PRELAUNCH RUNNING PANICKED FAILED SHUTDOWN ENDED",
        "DEBUG, PRELAUNCH RUNNING PANICKED FAILED SHUTDOWN ENDED",
        "PANICKED, PRELAUNCH RUNNING FAILED ENDED",
        "FAILED, PRELAUNCH ENDED",
        "SHUTDOWN, PRELAUNCH FAILED ENDED",
        "ENDED, CLOSED",
        "CLOSED, ''",
    })
    void onlyTheseMovesAreLegal(State from, String names) {
        var legal = EnumSet.allOf(State.class);
        legal.removeIf(to -> !Lifecycle.isLegal(from, to));

        assertThat(String.join(" ", legal.stream().map(State::name).toList())).isEqualTo(names);
    }

    @Test
    void anIllegalMoveChangesNothing() {
        var life = new Lifecycle();

        assertThat(life.tryMove(State.CLOSED)).isFalse();
        assertThat(life.state()).isEqualTo(State.PRELAUNCH);
    }

    @ParameterizedTest
    @EnumSource(State.class)
    void whatIsClosedStaysClosed(State to) {
        var life = new Lifecycle();
        life.tryMove(State.ENDED);
        life.tryMove(State.CLOSED);

        assertThat(life.tryMove(to)).isFalse();
    }
}
