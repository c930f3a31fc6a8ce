package io.sluice.vmm.device;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TickScheduleTest {
    private static final long MILLISECOND = 1_000_000;
    private final TickSchedule schedule = new TickSchedule(new TickRate(1_000_000));

    private int ticksUntil(long end, long grain) {
        int ticks = 0;
        for (long now = schedule.next(); now <= end; now = Math.max(now + 1, schedule.next())) {
            now = (now + grain - 1) / grain * grain;
            ticks += schedule.take(now) ? 1 : 0;
        }
        return ticks;
    }

    @ParameterizedTest
    @CsvSource({"1, 1193182", "1, 32768", "7, 3579545", "1000000007, 1193182", "12345678901, 32768"})
    void everyTickHasANanosecondAndBack(long ticks, long hertz) {
        var rate = new TickRate(hertz);

        long nanos = rate.nanosAt(ticks);

        assertThat(rate.ticksAt(nanos)).isEqualTo(ticks);
        assertThat(rate.ticksAt(nanos - 1)).isEqualTo(ticks - 1);
    }

    @Test
    void noTickIsLostAndTheGridDoesNotMoveWhenTheHostIsLate() {
        schedule.start(1000, 1000);

        int ticks = ticksUntil(1000 * MILLISECOND, 300_000);

        assertThat(ticks).isBetween(999, 1000);
    }

    @Test
    void aBurstIsSpacedAndBounded() {
        schedule.start(1000, 1000);

        boolean first = schedule.take(10_000 * MILLISECOND);
        boolean atOnce = schedule.take(10_000 * MILLISECOND);
        long spacing = schedule.next() - 10_000 * MILLISECOND;
        int later = ticksUntil(10_100 * MILLISECOND, 1);

        assertThat(first).isTrue();
        assertThat(atOnce).isFalse();
        assertThat(spacing).isEqualTo(500_000);
        assertThat(later).isEqualTo(TickSchedule.MAX_BACKLOG - 1 + 100);
    }

    @Test
    void aPeriodTooShortToServeDoesNotKeepTheLoopBusy() {
        schedule.start(1, 1);

        int ticks = ticksUntil(10 * MILLISECOND, 1);

        assertThat(ticks).isLessThanOrEqualTo((int) (10 * MILLISECOND / TickSchedule.MIN_SPACING) + 1);
    }

    @ParameterizedTest
    @CsvSource({"-1, 5", "5, 0", "5, -1", "9223372036854775807, 1", "1, 9223372036854775807"})
    void whatNeverComesIsNotScheduled(long first, long period) {
        schedule.start(first, period);

        assertThat(schedule.next()).isEqualTo(DeviceTimer.NEVER);
    }
}
