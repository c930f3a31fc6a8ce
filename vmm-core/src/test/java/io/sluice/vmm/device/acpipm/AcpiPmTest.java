package io.sluice.vmm.device.acpipm;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.testkit.FakeLoop;
import io.sluice.vmm.testkit.RecordingLine;
import io.sluice.vmm.testkit.RecordingPower;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
final class AcpiPmTest {
    private static final long SECOND = 1_000_000_000;
    private static final int STATUS = 0x00;
    private static final int ENABLE = 0x02;
    private static final int CONTROL = 0x04;
    private static final int TIMER = 0x08;
    private static final int GPE_STATUS = 0x20;
    private static final int GPE_ENABLE = 0x24;
    private static final int POWER_BUTTON = 0x100;

    private final FakeLoop loop = new FakeLoop();
    private final RecordingLine sci = new RecordingLine();
    private final RecordingPower power = new RecordingPower();
    private final AcpiPm pm = new AcpiPm(loop.newStrand(), sci, power, false);

    @Test
    void theTimerRunsAtItsRateAndWrapsAt24Bits() {
        loop.advance(SECOND);
        long afterOne = pm.read(TIMER, 4);
        loop.advance(4 * SECOND);

        assertThat(afterOne).isEqualTo(3_579_545);
        assertThat(pm.read(TIMER, 4)).isEqualTo(5 * 3_579_545L & 0xFF_FFFF);
    }

    @Test
    void theTimerMayHave32Bits() {
        var wide = new AcpiPm(loop.newStrand(), sci, power, true);

        loop.advance(100 * SECOND);

        assertThat(wide.read(TIMER, 4) & 0xFFFF_FFFFL).isEqualTo(357_954_500);
    }

    @Test
    void anyPartOfARegisterCanBeRead() {
        loop.advance(SECOND);

        assertThat(pm.read(TIMER + 1, 2) & 0xFFFF).isEqualTo(3_579_545 >> 8 & 0xFFFF);
    }

    @Test
    void linuxSwitchesAcpiModeOn() {
        pm.commandPorts().write(0, 1, AcpiPm.ACPI_ENABLE);
        long on = pm.read(CONTROL, 2) & 1;
        pm.commandPorts().write(0, 1, AcpiPm.ACPI_DISABLE);

        assertThat(on).isEqualTo(1);
        assertThat(pm.read(CONTROL, 2) & 1).isZero();
    }

    @Test
    void thePowerButtonInterruptsUntilItsStatusIsCleared() {
        pm.commandPorts().write(0, 1, AcpiPm.ACPI_ENABLE);
        pm.write(ENABLE, 2, POWER_BUTTON);

        pm.pressPowerButton();
        boolean pressed = sci.level();
        pm.write(STATUS, 2, POWER_BUTTON);

        assertThat(pressed).isTrue();
        assertThat(sci.level()).isFalse();
        assertThat(pm.read(STATUS, 2) & 0xFFFF).isZero();
    }

    @Test
    void withoutAcpiModeNothingInterrupts() {
        pm.write(ENABLE, 2, POWER_BUTTON);

        pm.pressPowerButton();

        assertThat(sci.level()).isFalse();
        assertThat(pm.read(STATUS, 2) & POWER_BUTTON).isNotZero();
    }

    @Test
    void theTimersCarryInterruptsTwiceARound() {
        pm.commandPorts().write(0, 1, AcpiPm.ACPI_ENABLE);
        pm.write(STATUS, 2, 1);
        pm.write(ENABLE, 2, 1);
        for (int i = 0; i < 100; i++) {
            loop.advance(SECOND / 10);
            pm.write(STATUS, 2, 1);
        }

        assertThat(sci.rises()).isEqualTo(4);
    }

    @Test
    void aGeneralPurposeEventInterrupts() {
        pm.commandPorts().write(0, 1, AcpiPm.ACPI_ENABLE);
        pm.write(GPE_ENABLE, 1, 0x02);

        pm.raiseGpe(1);
        boolean raised = sci.level();
        pm.write(GPE_STATUS, 1, 0x02);

        assertThat(raised).isTrue();
        assertThat(sci.level()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"0x3400, 2, true", "0x1400, 2, false", "0x3000, 2, false", "0x3401, 4, true"})
    void onlySleepTypeFiveWithTheEnableBitSwitchesOff(String value, int size, boolean off) {
        pm.write(CONTROL, size, Integer.decode(value));

        assertThat(power.requests().contains("power off")).isEqualTo(off);
    }

    @Test
    void theUpperByteAloneSwitchesOffToo() {
        pm.write(CONTROL + 1, 1, 0x34);

        assertThat(power.requests()).containsExactly("power off");
    }

    @Test
    void sleepEnableReadsAsZero() {
        pm.write(CONTROL, 2, 0x2401);

        assertThat(pm.read(CONTROL, 2)).isEqualTo(0x0401);
    }

    @Test
    void aRestoredBlockGoesOn() {
        pm.commandPorts().write(0, 1, AcpiPm.ACPI_ENABLE);
        pm.write(ENABLE, 2, POWER_BUTTON);
        pm.pressPowerButton();
        var saved = pm.state();
        pm.reset();
        boolean afterReset = sci.level();

        pm.restore(saved);

        assertThat(afterReset).isFalse();
        assertThat(pm.state()).isEqualTo(saved);
        assertThat(sci.level()).isTrue();
    }
}
