package io.sluice.vmm.device.debugcon;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class DebugConTest {
    private final StringBuilder text = new StringBuilder();
    private final DebugCon console = new DebugCon(octet -> text.append((char) octet));

    @Test
    void aGuestFindsItAndWritesText() {
        long present = console.port().read(0, 1);

        console.port().write(0, 1, 'o');
        console.port().write(0, 1, 'k');

        assertThat(present).isEqualTo(0xE9);
        assertThat(text).hasToString("ok");
    }
}
