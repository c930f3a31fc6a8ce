package io.sluice.vmm.device.hpet;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.testkit.FakeLoop;
import io.sluice.vmm.testkit.RecordingLine;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
final class HpetTest {
    private static final long MILLISECOND = 1_000_000;
    private static final int CONF = 0x10;
    private static final int STATUS = 0x20;
    private static final int COUNTER = 0xF0;
    private static final int T0_CONF = 0x100;
    private static final int T0_COMP = 0x108;
    private static final int T0_FSB = 0x110;
    private static final int T1_CONF = 0x120;
    private static final int T1_COMP = 0x128;
    private static final int T2_CONF = 0x140;
    private static final int T2_COMP = 0x148;
    private static final int ENABLE = 0x04;
    private static final int LEVEL = 0x02;
    private static final int PERIODIC = 0x08;
    private static final int SET_VALUE = 0x40;
    private static final int ONLY_32 = 0x100;
    private static final int MESSAGE = 0x4000;
    private static final int ROUTE_20 = 20 << 9;

    private final FakeLoop loop = new FakeLoop();
    private final RecordingLine timerLine = new RecordingLine();
    private final RecordingLine clockLine = new RecordingLine();
    private final RecordingLine replace = new RecordingLine();
    private final List<RecordingLine> pins =
            IntStream.range(0, 24).mapToObj(i -> new RecordingLine()).toList();
    private final List<String> messages = new ArrayList<>();
    private final Hpet hpet = new Hpet(
            loop.newStrand(),
            new HpetWires(
                    timerLine,
                    clockLine,
                    replace,
                    List.<IrqLine>copyOf(pins),
                    (address, data) -> messages.add(Long.toHexString(address) + "=" + Integer.toHexString(data))));

    private void set(int offset, long value) {
        hpet.write(offset, 4, value);
    }

    private long get(int offset) {
        return hpet.read(offset, 4);
    }

    @Test
    void linuxFindsAUsableHpet() {
        long id = get(0) & 0xFFFF_FFFFL;
        long period = get(4);

        assertThat(id).isEqualTo(0x8086_A201L);
        assertThat(period & 0xFFFF_FFFFL).isEqualTo(10_000_000);
        assertThat(get(T0_CONF) & 0x8030).isEqualTo(0x8030);
    }

    @Test
    void theCounterRunsAtOneHundredMegahertzWhileEnabled() {
        loop.advance(MILLISECOND);
        long stopped = hpet.read(COUNTER, 8);
        set(CONF, 1);
        loop.advance(MILLISECOND);
        long ran = hpet.read(COUNTER, 8);
        set(CONF, 0);
        loop.advance(MILLISECOND);

        assertThat(stopped).isZero();
        assertThat(ran).isEqualTo(100_000);
        assertThat(hpet.read(COUNTER, 8)).isEqualTo(100_000);
    }

    @Test
    void theCounterHas64BitsWrittenWholeOrInHalves() {
        hpet.write(COUNTER, 8, 0x1234_5678_9ABC_DEF0L);
        set(COUNTER + 4, 0x55);

        assertThat(hpet.read(COUNTER, 8)).isEqualTo(0x0000_0055_9ABC_DEF0L);
        assertThat(get(COUNTER + 4) & 0xFFFF_FFFFL).isEqualTo(0x55);
        assertThat(hpet.read(COUNTER + 1, 1) & 0xFF).isEqualTo(0xDE);
    }

    @Test
    void aOneShotInterruptsOnce() {
        set(T0_CONF, ENABLE | ONLY_32 | ROUTE_20);
        set(CONF, 1);

        set(T0_COMP, 100_000);
        loop.advance(MILLISECOND - 1);
        int before = pins.get(20).rises();
        loop.advance(1000 * MILLISECOND);

        assertThat(before).isZero();
        assertThat(pins.get(20).rises()).isEqualTo(1);
        assertThat(pins.get(20).level()).isFalse();
    }

    @Test
    void linuxStartsAPeriodicTick() {
        set(CONF, 3);
        loop.advance(MILLISECOND);
        set(CONF, 2);
        long now = get(COUNTER);
        set(T0_CONF, get(T0_CONF) | ENABLE | PERIODIC | SET_VALUE | ONLY_32);
        set(T0_COMP, now + 400_000);
        set(T0_COMP, 400_000);
        set(CONF, 3);

        loop.advance(1000 * MILLISECOND);

        assertThat(timerLine.rises()).isEqualTo(250);
        assertThat(replace.level()).isTrue();
        assertThat(get(T0_COMP)).isEqualTo(now + 251L * 400_000);
        assertThat(get(T0_CONF) & SET_VALUE).isZero();
    }

    @Test
    void aLateHostLosesNoTickOfASlowTimer() {
        loop.setGrain(7 * MILLISECOND);
        set(T0_CONF, ENABLE | PERIODIC | SET_VALUE | ROUTE_20);
        hpet.write(T0_COMP, 8, 1_000_000);
        set(CONF, 1);

        loop.advance(10_000 * MILLISECOND);

        assertThat(pins.get(20).rises()).isBetween(998, 1000);
    }

    @Test
    void aPeriodOfOneTickNeitherHangsNorFloods() {
        set(T0_CONF, ENABLE | PERIODIC | SET_VALUE | ROUTE_20);
        hpet.write(T0_COMP, 8, 1);
        set(CONF, 1);

        loop.advance(100 * MILLISECOND);

        assertThat(pins.get(20).rises()).isBetween(1, 5001);
    }

    @Test
    void aComparatorInThePastComesRoundAfter32Bits() {
        set(CONF, 1);
        loop.advance(MILLISECOND);
        set(T0_CONF, ENABLE | ONLY_32 | ROUTE_20);

        set(T0_COMP, 50_000);
        loop.advance(40_000 * MILLISECOND);
        int early = pins.get(20).rises();
        loop.advance(3_000 * MILLISECOND);

        assertThat(early).isZero();
        assertThat(pins.get(20).rises()).isEqualTo(1);
    }

    @Test
    void legacyReplacementRoutesTimersZeroAndOne() {
        set(T0_CONF, ENABLE | ROUTE_20);
        set(T1_CONF, ENABLE | ROUTE_20);
        hpet.write(T0_COMP, 8, 1000);
        hpet.write(T1_COMP, 8, 2000);

        set(CONF, 3);
        loop.advance(MILLISECOND);

        assertThat(List.of(timerLine.rises(), clockLine.rises(), pins.get(20).rises()))
                .containsExactly(1, 1, 0);
    }

    @Test
    void aLevelInterruptStaysUntilItsStatusIsCleared() {
        set(T2_CONF, ENABLE | LEVEL | 11 << 9);
        hpet.write(T2_COMP, 8, 1000);
        set(CONF, 1);
        loop.advance(MILLISECOND);

        boolean asserted = pins.get(11).level();
        long status = get(STATUS);
        set(STATUS, 4);

        assertThat(asserted).isTrue();
        assertThat(status).isEqualTo(4);
        assertThat(pins.get(11).level()).isFalse();
        assertThat(get(STATUS)).isZero();
    }

    @Test
    void anEdgeOfOneTimerDoesNotReleaseTheLevelOfAnother() {
        set(T0_CONF, ENABLE | ROUTE_20);
        set(T1_CONF, ENABLE | LEVEL | ROUTE_20);
        hpet.write(T1_COMP, 8, 1000);
        hpet.write(T0_COMP, 8, 2000);
        set(CONF, 1);

        loop.advance(MILLISECOND);

        assertThat(pins.get(20).level()).isTrue();
        set(STATUS, 2);
        assertThat(pins.get(20).level()).isFalse();
    }

    @Test
    void legacyReplacementNeedsTheOverallEnableBit() {
        set(CONF, 2);
        boolean off = replace.level();
        set(CONF, 3);

        assertThat(off).isFalse();
        assertThat(replace.level()).isTrue();
    }

    @Test
    void anInterruptCanBeAMessage() {
        set(T0_FSB, 0x4041);
        set(T0_FSB + 4, 0xFEE0_1000L);
        set(T0_CONF, ENABLE | MESSAGE);
        hpet.write(T0_COMP, 8, 1000);
        set(CONF, 1);

        loop.advance(MILLISECOND);

        assertThat(messages).containsExactly("fee01000=4041");
    }

    @ParameterizedTest
    @CsvSource({"0x100, 20, 20", "0x100, 23, 23", "0x100, 11, 0", "0x140, 11, 11", "0x100, 2, 0", "0x120, 31, 0"})
    void onlyTheRoutesThatItShowsAreTaken(String register, int wanted, int taken) {
        set(Integer.decode(register), wanted << 9);

        assertThat(get(Integer.decode(register)) >> 9 & 0x1F).isEqualTo(taken);
    }

    @Test
    void narrowAndUnalignedWritesAreDropped() {
        hpet.write(CONF, 1, 1);
        hpet.write(CONF + 2, 4, 0x10000);
        hpet.write(COUNTER + 4, 8, -1);

        assertThat(get(CONF)).isZero();
        assertThat(hpet.read(COUNTER, 8)).isZero();
    }

    @Test
    void switchedOffItSetsNoTimers() {
        set(T0_CONF, ENABLE | PERIODIC | SET_VALUE | ROUTE_20);
        hpet.write(T0_COMP, 8, 1000);
        set(CONF, 1);
        loop.advance(MILLISECOND);

        set(CONF, 0);

        assertThat(loop.timers()).isZero();
    }

    @Test
    void aRestoredHpetGoesOn() {
        set(T0_CONF, ENABLE | PERIODIC | SET_VALUE | ROUTE_20);
        hpet.write(T0_COMP, 8, 100_000);
        set(CONF, 1);
        loop.advance(MILLISECOND / 2);
        var saved = hpet.state();
        hpet.reset();

        hpet.restore(saved);
        loop.advance(10 * MILLISECOND);

        assertThat(pins.get(20).rises()).isEqualTo(10);
    }
}
