package io.sluice.vmm.qmp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What only a process of its own shows: standard input and output, and the end by a signal.
@Timeout(120)
class ProcessTest {
    private static Process start(String address) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        QmpServerMain.class.getName(),
                        address)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    @Test
    void standardInputAndOutputAreASession() throws Exception {
        var process = start("stdio");
        try (var in = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
                var out = process.getOutputStream()) {
            assertThat(in.readLine()).startsWith("{\"QMP\"");

            out.write("{'execute':'qmp_capabilities'}".getBytes(StandardCharsets.US_ASCII));
            out.write("{'execute':'query-qmp-schema'}".repeat(200).getBytes(StandardCharsets.US_ASCII));
            out.flush();

            assertThat(in.readLine()).isEqualTo("{\"return\": {}}");
            for (int i = 0; i < 200; i++) {
                assertThat(in.readLine()).endsWith("}]}");
            }
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void aSignalTakesTheFileAway(@TempDir Path directory) throws Exception {
        var path = directory.resolve("qmp.sock");
        var process = start(path.toString());
        await().atMost(Duration.ofSeconds(90)).until(() -> Files.exists(path));

        process.destroy();

        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(directory).isEmptyDirectory();
    }
}
