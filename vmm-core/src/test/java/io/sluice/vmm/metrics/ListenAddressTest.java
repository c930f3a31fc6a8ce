package io.sluice.vmm.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vmm.plugin.PluginException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ListenAddressTest {
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "127.0.0.1:9100, 127.0.0.1:9100",
        ":9100, 127.0.0.1:9100",
        "9100, 127.0.0.1:9100",
        "0.0.0.0:0, 0.0.0.0:0",
        "[::1]:80, [0:0:0:0:0:0:0:1]:80",
    })
    void aHostAndAPort(String text, String meant) {
        var inet = (ListenAddress.Inet) ListenAddress.parse(text);

        assertThat(inet.withPort(inet.address().getPort())).isEqualTo(meant);
    }

    @Test
    void aPath() {
        assertThat(ListenAddress.parse("unix:/run/m.sock"))
                .isInstanceOfSatisfying(
                        ListenAddress.Unix.class,
                        unix -> assertThat(unix.path()).hasToString("/run/m.sock"));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            127.0.0.1        | listen=127.0.0.1: use HOST:PORT or unix:PATH
            127.0.0.1:       | listen=127.0.0.1:: use HOST:PORT or unix:PATH
            127.0.0.1:65536  | listen=127.0.0.1:65536: use HOST:PORT or unix:PATH
            127.0.0.1:-1     | listen=127.0.0.1:-1: use HOST:PORT or unix:PATH
            ::1:80           | listen=::1:80: use HOST:PORT or unix:PATH
            unix:            | listen=unix:: the path is missing
            """)
    void whatIsNoAddressIsRefused(String text, String message) {
        assertThatThrownBy(() -> ListenAddress.parse(text))
                .isInstanceOf(PluginException.class)
                .hasMessage(message);
    }
}
