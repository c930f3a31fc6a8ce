package io.sluice.vmm.socket;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class HostPortTest {
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "127.0.0.1:9100, 127.0.0.1, 9100",
        "localhost:0, localhost, 0",
        ":65535, '', 65535",
        "[::1]:80, ::1, 80",
    })
    void isReadAndWrittenAlike(String text, String host, int port) {
        var place = HostPort.parse(text).orElseThrow();

        assertThat(place).isEqualTo(new HostPort(host, port)).hasToString(text);
    }

    @ParameterizedTest(name = "[{0}]")
    @ValueSource(
            strings = {
                "",
                "host",
                "host:",
                "host:x",
                "host:-1",
                "host:+1",
                "host:65536",
                "host:123456",
                "::1:80",
                "[::1]",
                "[::1:80",
                "host:٣"
            })
    void anythingElseIsNone(String text) {
        assertThat(HostPort.parse(text)).isEmpty();
    }

    @Test
    void aHostThatIsLeftOutIsTheUsers() {
        assertThat(new HostPort("", 1).orHost("here")).isEqualTo(new HostPort("here", 1));
        assertThat(new HostPort("there", 1).orHost("here")).isEqualTo(new HostPort("there", 1));
    }
}
