package io.sluice.vmm.irq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vmm.testkit.FakeLoop;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
final class IsaLinesTest {
    private final FakeLoop loop = new FakeLoop();
    private final List<String> log = new ArrayList<>();
    private final IsaLines lines = new IsaLines(
            loop.newStrand(),
            (pin, level) -> log.add("pic " + pin + (level ? " up" : " down")),
            (pin, level) -> log.add("ioapic " + pin + (level ? " up" : " down")));

    @Test
    void anIsaInterruptGoesToBothControllers() {
        lines.isa(4).set(true);

        assertThat(log).containsExactly("pic 4 up", "ioapic 4 up");
    }

    @Test
    void interruptZeroIsPinTwoOfTheIoApic() {
        lines.isa(0).set(true);

        assertThat(log).containsExactly("pic 0 up", "ioapic 2 up");
    }

    @Test
    void higherInterruptsGoToTheIoApicAlone() {
        lines.gsi(17).set(true);

        assertThat(log).containsExactly("ioapic 17 up");
    }

    @Test
    void aSharedLineIsUpWhileAnyDeviceHoldsIt() {
        var first = lines.gsi(16);
        var second = lines.gsi(16);

        first.set(true);
        second.set(true);
        second.set(true);
        first.set(false);
        second.set(false);

        assertThat(log).containsExactly("ioapic 16 up", "ioapic 16 down");
    }

    @Test
    void legacyReplacementSilencesTimerAndClockAndNobodyElse() {
        var timer = lines.intervalTimer();
        var clock = lines.realTimeClock();
        var hpet = lines.isa(0);
        var replace = lines.replaceLegacy();
        timer.set(true);
        log.clear();

        replace.set(true);
        clock.set(true);
        hpet.set(true);
        replace.set(false);

        assertThat(log)
                .containsExactly("pic 0 down", "ioapic 2 down", "pic 0 up", "ioapic 2 up", "pic 8 up", "ioapic 8 up");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 2, 16})
    void thereAreNoOtherIsaInterrupts(int irq) {
        assertThatThrownBy(() -> lines.isa(irq)).isInstanceOf(IllegalArgumentException.class);
    }
}
