package io.sluice.vmm.device.port92;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.device.A20Gate;
import io.sluice.vmm.testkit.RecordingPower;
import org.junit.jupiter.api.Test;

final class SystemPortsTest {
    private final RecordingPower power = new RecordingPower();
    private final A20Gate a20 = new A20Gate();

    @Test
    void port92ResetsWhenItsBitRises() {
        var port = new Port92(power, a20);

        port.write(0, 0x02);
        port.write(0, 0x03);
        port.write(0, 0x03);

        assertThat(power.requests()).containsExactly("reset by port 92h");
    }

    @Test
    void port92DrivesTheA20Gate() {
        var port = new Port92(power, a20);

        port.write(0, 0x00);

        assertThat(a20.isOpen()).isFalse();
        assertThat(port.read(0) & 0x02).isZero();
    }

    @Test
    void linuxResetsThroughCf9() {
        var port = new ResetControl(power);

        port.write(0, 0x02);
        port.write(0, 0x06);

        assertThat(power.requests()).containsExactly("reset by port CF9h, hard");
        assertThat(port.read(0)).isEqualTo(0x02);
    }

    @Test
    void thePostPortKeepsTheLastCode() {
        var port = new PostPort();

        port.write(0, 0xAA);

        assertThat(port.read(0)).isEqualTo(0xAA);
    }
}
