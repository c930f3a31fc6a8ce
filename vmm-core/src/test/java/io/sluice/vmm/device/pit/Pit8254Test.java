package io.sluice.vmm.device.pit;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.testkit.FakeLoop;
import io.sluice.vmm.testkit.RecordingLine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
final class Pit8254Test {
    private static final long SECOND = 1_000_000_000;
    private static final int OUT2 = 0x20;

    private final FakeLoop loop = new FakeLoop();
    private final RecordingLine irq = new RecordingLine();
    private final Pit8254 pit = new Pit8254(loop.newStrand(), irq);
    private final BusDevice ports = pit.ports();
    private final BusDevice port61 = pit.systemControlPort();

    private void program(int channel, int mode, int count) {
        ports.write(3, 1, channel << 6 | 0x30 | mode << 1);
        ports.write(channel, 1, count & 0xFF);
        ports.write(channel, 1, count >> 8);
    }

    private int count(int channel) {
        ports.write(3, 1, channel << 6);
        return (int) (ports.read(channel, 1) | ports.read(channel, 1) << 8);
    }

    /// Lets exactly so many ticks of 1.193182 MHz pass.
    private void ticks(long ticks) {
        loop.advance(Pit8254.RATE.nanosAt(Pit8254.RATE.ticksAt(loop.now()) + ticks) - loop.now());
    }

    private boolean out2() {
        return (port61.read(0, 1) & OUT2) != 0;
    }

    @ParameterizedTest
    @CsvSource({"2, 1193, 1000", "3, 1193, 1000", "2, 0, 18", "3, 59659, 20", "2, 11932, 99"})
    void thePeriodicModesInterruptAtTheirRateWithoutDrift(int mode, int count, int interrupts) {
        program(0, mode, count);
        int before = irq.rises();

        loop.advance(SECOND);

        assertThat(irq.rises() - before).isBetween(interrupts, interrupts + 1);
    }

    @Test
    void aLateHostLosesNoTickOfASlowTimer() {
        loop.setGrain(7_000_000);
        program(0, 2, 11932);
        int before = irq.rises();

        loop.advance(10 * SECOND);

        assertThat(irq.rises() - before).isBetween(995, 1000);
    }

    @Test
    void modeZeroInterruptsOnceWhenTheCountIsOver() {
        program(0, 0, 1000);
        boolean low = irq.level();
        ticks(1000);
        boolean atTheEnd = irq.level();
        ticks(1);

        assertThat(low).isFalse();
        assertThat(atTheEnd).isFalse();
        assertThat(irq.level()).isTrue();
        int rises = irq.rises();
        loop.advance(SECOND);
        assertThat(irq.rises()).isEqualTo(rises);
    }

    @Test
    void modeFourInterruptsOnceAfterItsStrobe() {
        program(0, 4, 1000);
        int before = irq.rises();

        loop.advance(SECOND);

        assertThat(irq.rises()).isEqualTo(before + 1);
    }

    @Test
    void stoppingThePitStopsItsInterrupts() {
        program(0, 2, 1193);
        loop.advance(SECOND / 10);

        ports.write(3, 1, 0x30);
        int before = irq.rises();
        loop.advance(SECOND);

        assertThat(irq.rises()).isEqualTo(before);
        assertThat(loop.timers()).isZero();
    }

    @Test
    void theCountRunsDownAndWrapsInModeZero() {
        program(0, 0, 0x1000);

        ticks(0x1001);

        assertThat(count(0)).isZero();
        ticks(1);
        assertThat(count(0)).isEqualTo(0xFFFF);
    }

    @Test
    void theSquareWaveCountsByTwo() {
        program(0, 3, 1000);
        ticks(1 + 100);
        int firstHalf = count(0);
        ticks(500);

        assertThat(firstHalf).isEqualTo(800);
        assertThat(count(0)).isEqualTo(800);
    }

    @Test
    void aLatchedCountStandsStillAndLatchingTwiceKeepsTheFirst() {
        program(0, 2, 10_000);
        ticks(101);
        ports.write(3, 1, 0x00);
        ticks(50);
        ports.write(3, 1, 0x00);

        long latched = ports.read(0, 1) | ports.read(0, 1) << 8;

        assertThat(latched).isEqualTo(9900);
        assertThat(count(0)).isEqualTo(9850);
    }

    @Test
    void readBackGivesStatusThenCount() {
        program(2, 3, 1000);
        ports.write(3, 1, 0xC0 | 0x08);

        long status = ports.read(2, 1);
        long count = ports.read(2, 1) | ports.read(2, 1) << 8;

        assertThat(status).isEqualTo(0x80 | 0x30 | 3 << 1);
        assertThat(count).isEqualTo(1000);
    }

    @Test
    void aCountNotYetTakenShowsInTheStatus() {
        ports.write(3, 1, 0x34);
        ports.write(3, 1, 0xE2);

        assertThat(ports.read(0, 1) & 0x40).isNotZero();
    }

    @Test
    void bcdCountsInDecimal() {
        ports.write(3, 1, 0x31);
        ports.write(0, 1, 0x00);
        ports.write(0, 1, 0x10);

        ticks(2);

        assertThat(count(0)).isEqualTo(0x0999);
    }

    @Test
    void aNewCountOfAPeriodicModeWaitsForThePeriodsEnd() {
        program(0, 2, 1000);
        ticks(101);
        ports.write(0, 1, 0xD0);
        ports.write(0, 1, 0x07);
        int before = count(0);
        ticks(900);

        assertThat(before).isEqualTo(900);
        assertThat(count(0)).isEqualTo(2000);
    }

    @Test
    void theGateOfCounterTwoStopsItAndTheOutputShowsAtPort61() {
        port61.write(0, 1, 0x00);
        program(2, 0, 1000);
        ticks(5000);
        boolean stopped = out2();
        port61.write(0, 1, 0x01);
        ticks(1001);

        assertThat(stopped).isFalse();
        assertThat(out2()).isTrue();
    }

    @Test
    void linuxCalibratesAgainstCounterTwo() {
        port61.write(0, 1, port61.read(0, 1) & ~2 | 1);
        program(2, 0, 0xFFFF);
        ports.read(2, 1);
        int previous = (int) ports.read(2, 1);
        int steps = 0;
        long start = loop.now();
        while (steps < 20) {
            loop.advance(1000);
            ports.read(2, 1);
            int high = (int) ports.read(2, 1);
            steps += previous - high;
            previous = high;
        }

        // Each step of the high byte is 256 ticks, 214.55 microseconds.
        assertThat(loop.now() - start).isBetween(20 * 214_500L - 3000, 20 * 214_600L + 216_000);
    }

    @Test
    void aTriggeredCounterWaitsForItsGate() {
        port61.write(0, 1, 0);
        program(2, 1, 100);
        boolean waiting = out2();
        port61.write(0, 1, 1);
        ticks(50);
        boolean running = out2();
        ticks(60);

        assertThat(waiting).isTrue();
        assertThat(running).isFalse();
        assertThat(out2()).isTrue();
    }

    @Test
    void theRefreshBitTogglesEvery15Microseconds() {
        int toggles = 0;
        long last = port61.read(0, 1) & 0x10;
        for (int i = 0; i < 1000; i++) {
            loop.advance(1000);
            long bit = port61.read(0, 1) & 0x10;
            toggles += bit != last ? 1 : 0;
            last = bit;
        }

        assertThat(toggles).isBetween(65, 67);
    }

    @Test
    void firmwareDefaultsTickEighteenTimesASecond() {
        pit.firmwareDefaults();
        int before = irq.rises();

        loop.advance(SECOND);

        assertThat(irq.rises() - before).isEqualTo(18);
    }

    @Test
    void aRestoredPitGoesOn() {
        program(0, 2, 11932);
        program(2, 3, 1000);
        ticks(777);
        var saved = pit.state();
        var line = new RecordingLine();
        var copy = new Pit8254(loop.newStrand(), line);

        copy.restore(saved);
        int before = line.rises();
        loop.advance(SECOND);

        assertThat(saved).isEqualTo(pit.state());
        assertThat(line.rises() - before).isBetween(99, 100);
    }
}
