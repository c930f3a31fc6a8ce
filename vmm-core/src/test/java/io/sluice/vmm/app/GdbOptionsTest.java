package io.sluice.vmm.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vmm.gdb.GdbTarget;
import io.sluice.vmm.machine.CharTarget;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class GdbOptionsTest {
    private static @Nullable GdbTarget read(String... arguments) {
        return GdbOptions.read(Options.parse(List.of(arguments)));
    }

    @Test
    void nobodyIsWaitedForUnlessItIsSaid() {
        assertThat(read()).isNull();
        assertThat(read("-s", "-gdb", "none")).isNull();
        assertThat(read("-S")).isNull();
    }

    @Test
    void theShortFormIsPort1234OfThisHost() {
        assertThat(read("-s")).isEqualTo(new GdbTarget.Tcp("127.0.0.1", 1234));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            tcp::4321                             | 127.0.0.1 | 4321
            tcp:0.0.0.0:1                         | 0.0.0.0   | 1
            tcp:[::1]:65535                       | ::1       | 65535
            tcp:localhost:0,server=on,wait=off    | localhost | 0
            tcp::1,server,nodelay=on              | 127.0.0.1 | 1
            """)
    void tcpTargetsAreReadAsQemuWritesThem(String text, String host, int port) {
        assertThat(read("-gdb", text)).isEqualTo(new GdbTarget.Tcp(host, port));
    }

    @Test
    void aFileOrStandardInputIsATargetToo() {
        assertThat(read("-gdb", "unix:/run/x.sock,server=on,wait=off"))
                .isEqualTo(new GdbTarget.Unix(Path.of("/run/x.sock")));
        assertThat(read("-gdb", "stdio")).isEqualTo(new GdbTarget.Stdio());
    }

    @Test
    void standardInputIsOnesAlone() {
        assertThatThrownBy(() -> read("-gdb", "stdio", "-serial", "mon:stdio"))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("one port only");
        assertThat(new CharTargets(Options.parse(List.of("-gdb", "stdio"))).serial())
                .containsExactly(new CharTarget.Discard());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1234",
                "tcp:1234",
                "tcp::",
                "tcp::x",
                "tcp::65536",
                "tcp::-1",
                "unix:",
                "udp::1",
                "tcp::1,server=off",
                "tcp::1,wait=on",
                "tcp::1,colour=red",
                "",
                "/dev/ttyS0"
            })
    void anythingElseIsRefusedByName(String text) {
        assertThatThrownBy(() -> read("-gdb", text))
                .isInstanceOf(UsageException.class)
                .hasMessageStartingWith("-gdb");
    }
}
