package io.sluice.vmm.device.debugexit;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.testkit.RecordingPower;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class DebugExitTest {
    private final RecordingPower power = new RecordingPower();
    private final DebugExit port = new DebugExit(power);

    @ParameterizedTest
    @CsvSource({"0, 1, 1", "1, 1, 3", "0x10, 4, 33", "0x1FF, 1, 511", "0x31, 2, 99", "0x123, 8, 583"})
    void theStatusIsTwiceTheValuePlusOne(String value, int size, int status) {
        port.write(0, size, Integer.decode(value));

        assertThat(power.requests()).containsExactly("exit " + status);
    }
}
