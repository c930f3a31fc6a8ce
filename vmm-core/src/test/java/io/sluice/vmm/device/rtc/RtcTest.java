package io.sluice.vmm.device.rtc;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.testkit.FakeLoop;
import io.sluice.vmm.testkit.RecordingLine;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
final class RtcTest {
    private static final long SECOND = 1_000_000_000;
    private static final int A = 0x0A;
    private static final int B = 0x0B;
    private static final int C = 0x0C;
    private static final int CENTURY = 0x32;
    private static final Instant NOW = Instant.parse("2026-11-21T13:45:58.250Z");

    private final FakeLoop loop = new FakeLoop();
    private final RecordingLine irq = new RecordingLine();
    private final Rtc rtc = new Rtc(loop.newStrand(), irq, () -> NOW);
    private final BusDevice ports = rtc.ports();

    private int get(int index) {
        ports.write(0, 1, index);
        return (int) ports.read(1, 1);
    }

    private void set(int index, int value) {
        ports.write(0, 1, index);
        ports.write(1, 1, value);
    }

    private String time() {
        return String.format(
                "%02x%02x-%02x-%02x %02x:%02x:%02x (%x)",
                get(CENTURY), get(9), get(8), get(7), get(4), get(2), get(0), get(6));
    }

    @Test
    void theGuestFindsTheHostsTime() {
        assertThat(time()).isEqualTo("2026-11-21 13:45:58 (7)");
    }

    @Test
    void timePasses() {
        loop.advance(SECOND * 86_400 * 40 + 2 * SECOND);

        assertThat(time()).isEqualTo("2026-12-31 13:46:00 (5)");
    }

    @ParameterizedTest
    @CsvSource({"0x00, 1, 0x81", "0x02, 1, 0x13", "0x04, 1, 0x81", "0x06, 1, 0x0D"})
    void hoursAndFormatFollowRegisterB(String format, int ignored, String hour) {
        set(B, Integer.decode(format));

        assertThat(get(4)).isEqualTo(Integer.decode(hour));
    }

    @Test
    void linuxSetsTheTime() {
        set(B, 0x82);
        set(A, 0x76);
        set(9, 0x31);
        set(8, 0x02);
        set(7, 0x28);
        set(4, 0x23);
        set(2, 0x59);
        set(0, 0x59);
        set(CENTURY, 0x20);
        loop.advance(5 * SECOND);
        set(B, 0x02);
        set(A, 0x26);
        String set = time();
        loop.advance(SECOND / 2 + 1);

        assertThat(set).isEqualTo("2031-02-28 23:59:59 (6)");
        assertThat(time()).isEqualTo("2031-03-01 00:00:00 (7)");
    }

    @Test
    void whileSetIsOnTheTimeStandsAndNoUpdateShows() {
        set(B, 0x82);

        loop.advance(SECOND * 7 / 10);

        assertThat(get(A) & 0x80).isZero();
        loop.advance(10 * SECOND);
        assertThat(time()).isEqualTo("2026-11-21 13:45:58 (7)");
    }

    @Test
    void aReadLoopThatAvoidsUpdatesNeverSeesATornTime() {
        int updates = 0;
        int last = get(0);
        for (int i = 0; i < 40_000; i++) {
            loop.advance(100_000);
            if ((get(A) & 0x80) != 0) {
                updates++;
                last = get(0);
            }
        }

        // Four seconds, in each of which the bit is up for 244 microseconds.
        assertThat(updates).isBetween(8, 12);
        assertThat(last).isIn(0x01, 0x02);
    }

    @Test
    void theUpdateInterruptComesEachSecondOnceItIsRead() {
        set(B, 0x12);
        loop.advance(SECOND * 3 / 4);
        boolean first = irq.level();
        int flags = get(C);
        boolean afterRead = irq.level();
        loop.advance(10 * SECOND);

        assertThat(first).isTrue();
        assertThat(flags).isEqualTo(0xD0);
        assertThat(afterRead).isFalse();
        assertThat(irq.rises()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({
        // hour, minute, second, seconds until it rings
        "0x13, 0x46, 0x10, 12",
        "0xFF, 0x46, 0x00, 2",
        "0xFF, 0xFF, 0xFF, 1",
        "0x12, 0x00, 0x00, 80042",
        "0xC0, 0xC0, 0x57, 59",
    })
    void theAlarmRings(String hour, String minute, String second, long seconds) {
        set(5, Integer.decode(hour));
        set(3, Integer.decode(minute));
        set(1, Integer.decode(second));
        get(C);
        set(B, 0x22);

        loop.advance((seconds - 1) * SECOND + SECOND / 2);
        boolean before = irq.level();
        loop.advance(SECOND);

        assertThat(before).isFalse();
        assertThat(irq.level()).isTrue();
        assertThat(get(C) & 0xA0).isEqualTo(0xA0);
    }

    @Test
    void anAlarmThatCannotBeNeverRings() {
        set(5, 0x77);
        set(B, 0x22);

        loop.advance(3 * 86_400 * SECOND);

        assertThat(irq.rises()).isZero();
        assertThat(loop.timers()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"6, 1024", "15, 2", "1, 256", "2, 128", "3, 8192", "10, 64"})
    void thePeriodicInterruptHasItsRateIfItIsReadEachTime(int rate, int interrupts) {
        set(A, 0x20 | rate);
        get(C);
        set(B, 0x42);
        int taken = 0;
        for (int i = 0; i < 20_000; i++) {
            loop.advance(50_000);
            if (irq.level()) {
                get(C);
                taken++;
            }
        }

        assertThat(taken).isBetween(interrupts - 1, interrupts + 1);
    }

    @Test
    void missedPeriodicTicksAreMadeUpOneAReadAndNotWithoutBound() {
        set(B, 0x42);
        loop.advance(SECOND);

        int burst = 0;
        for (int i = 0; i < 1000; i++) {
            loop.advance(1);
            burst += (get(C) & 0x40) >> 6;
        }

        assertThat(burst).isBetween(60, 66);
    }

    @Test
    void flagsAreSetThoughTheirInterruptsAreOff() {
        get(C);
        loop.advance(SECOND);

        int flags = get(C);

        assertThat(flags).isEqualTo(0x50);
        assertThat(loop.timers()).isZero();
    }

    @Test
    void theStatusRegistersKeepTheirReadOnlyBits() {
        set(A, 0xFF);
        set(0x0D, 0);

        assertThat(get(A)).isEqualTo(0x7F);
        assertThat(get(0x0D)).isEqualTo(0x80);
    }

    @Test
    void theNmiBitIsNotPartOfTheIndex() {
        ports.write(0, 1, 0x80 | 0x40);
        ports.write(1, 1, 0x5A);

        assertThat(rtc.isNmiMasked()).isTrue();
        assertThat(get(0x40)).isEqualTo(0x5A);
        assertThat(rtc.isNmiMasked()).isFalse();
        assertThat(ports.read(0, 1)).isEqualTo(0xFF);
    }

    @Test
    void theSecondBankIsItsOwn() {
        ports.write(2, 1, 0x40);
        ports.write(3, 1, 0x77);

        assertThat(ports.read(3, 1)).isEqualTo(0x77);
        assertThat(get(0x40)).isZero();
    }

    @Test
    void theMemorySizeIsWhereGuestsLook() {
        rtc.setMemorySize(0xC000_0000L, 0x4000_0000L);

        assertThat(get(0x15) | get(0x16) << 8).isEqualTo(640);
        assertThat(get(0x30) | get(0x31) << 8).isEqualTo(0xFFFF);
        assertThat(get(0x34) | get(0x35) << 8).isEqualTo(0xBF00);
        assertThat(get(0x5B) | get(0x5C) << 8 | get(0x5D) << 16).isEqualTo(0x4000);
    }

    @Test
    void resetStopsInterruptsAndKeepsTimeAndMemory() {
        set(0x40, 0x12);
        set(B, 0x72);

        rtc.reset();

        assertThat(get(B)).isEqualTo(0x02);
        assertThat(get(0x40)).isEqualTo(0x12);
        assertThat(time()).isEqualTo("2026-11-21 13:45:58 (7)");
        assertThat(loop.timers()).isZero();
    }

    @Test
    void aRestoredClockGoesOn() {
        set(B, 0x42);
        set(0x44, 9);
        var saved = rtc.state();
        var copy = new Rtc(loop.newStrand(), new RecordingLine(), () -> Instant.EPOCH);

        copy.restore(saved);

        assertThat(copy.state()).isEqualTo(saved);
    }
}
