package io.sluice.vmm.device.i8042;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.device.A20Gate;
import io.sluice.vmm.testkit.RecordingLine;
import io.sluice.vmm.testkit.RecordingPower;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class I8042Test {
    private final RecordingLine irq = new RecordingLine();
    private final RecordingPower power = new RecordingPower();
    private final A20Gate a20 = new A20Gate();
    private final I8042 controller = new I8042(irq, power, a20);
    private final BusDevice data = controller.dataPort();
    private final BusDevice command = controller.commandPort();

    private int ask(int code) {
        command.write(0, 1, code);
        return answer();
    }

    /// The next byte, or -1.
    private int answer() {
        return (command.read(0, 1) & 1) == 0 ? -1 : (int) data.read(0, 1);
    }

    @Test
    void linuxTestsTheController() {
        int selfTest = ask(0xAA);
        int control = ask(0x20);
        int port = ask(0xAB);

        assertThat(selfTest).isEqualTo(0x55);
        assertThat(control & 0x44).isEqualTo(0x44);
        assertThat(port).isZero();
        assertThat(command.read(0, 1) & 0x10).isNotZero();
    }

    @Test
    void linuxFindsNoSecondPort() {
        command.write(0, 1, 0xD3);
        data.write(0, 1, 0x5A);

        assertThat(command.read(0, 1) & 0x21).isEqualTo(0x01);
        answer();
        assertThat(ask(0xA9)).isNotIn(0x00, 0xFA, 0xFF, -1);
    }

    @Test
    void linuxFindsAKeyboard() {
        data.write(0, 1, 0xF2);
        int[] identity = {answer(), answer(), answer(), answer()};
        data.write(0, 1, 0xFF);

        assertThat(identity).containsExactly(0xFA, 0xAB, 0x83, -1);
        assertThat(new int[] {answer(), answer()}).containsExactly(0xFA, 0xAA);
    }

    @Test
    void theLightsTakeAnArgument() {
        data.write(0, 1, 0xED);
        int first = answer();
        data.write(0, 1, 0x07);

        assertThat(first).isEqualTo(0xFA);
        assertThat(answer()).isEqualTo(0xFA);
    }

    @Test
    void theControlByteIsKept() {
        command.write(0, 1, 0x60);
        data.write(0, 1, 0x61);

        assertThat(ask(0x20)).isEqualTo(0x61);
    }

    @Test
    void theKeyboardsBytesInterruptOneByOneIfEnabled() {
        data.write(0, 1, 0xF2);
        boolean first = irq.level();
        answer();
        answer();
        answer();

        assertThat(first).isTrue();
        assertThat(irq.rises()).isEqualTo(3);
        assertThat(irq.level()).isFalse();
    }

    @Test
    void theControllersOwnAnswersDoNotInterrupt() {
        command.write(0, 1, 0xAA);

        assertThat(irq.level()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {0xFE, 0xF0})
    void pulsingTheResetLineResets(int code) {
        command.write(0, 1, code);

        assertThat(power.requests()).containsExactly("reset by keyboard controller");
    }

    @Test
    void pulsingOtherLinesDoesNot() {
        command.write(0, 1, 0xFF);

        assertThat(power.requests()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"0x03, true", "0x01, false"})
    void theOutputPortDrivesTheA20Gate(String value, boolean open) {
        command.write(0, 1, 0xD1);
        data.write(0, 1, Integer.decode(value));

        assertThat(a20.isOpen()).isEqualTo(open);
        assertThat(ask(0xD0)).isEqualTo(Integer.decode(value));
    }

    @Test
    void theQueueOfAnswersIsBounded() {
        for (int i = 0; i < 1000; i++) {
            data.write(0, 1, 0xEE);
        }
        int answers = 0;
        while (answer() >= 0) {
            answers++;
        }

        assertThat(answers).isEqualTo(16);
    }

    @Test
    void aRestoredControllerGoesOn() {
        data.write(0, 1, 0xF2);
        answer();
        var saved = controller.state();
        controller.reset();

        controller.restore(saved);

        assertThat(controller.state()).isEqualTo(saved);
        assertThat(answer()).isEqualTo(0xAB);
    }
}
