package io.sluice.vmm.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Runs a console in a process of its own on a pseudo-terminal of script(1), from Debian's package bsdutils.
@Timeout(120)
final class TerminalTest {
    @TempDir
    private Path directory;

    /// A shell on a terminal that notes the terminal's settings, runs the console, notes the status and the settings.
    /// It outlives the interrupt key, which reaches the whole foreground process group; its children do not.
    private Process onTerminal(String redirection, String... arguments) throws IOException {
        var script = "trap : INT; stty -a >before; " + String.join(" ", java(arguments)) + redirection
                + "; echo $? >status; stty -a >after";
        return new ProcessBuilder("script", "-qfc", script, "/dev/null")
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start();
    }

    private static List<String> java(String... arguments) {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                EchoGuest.class.getName()));
        command.addAll(List.of(arguments));
        return command;
    }

    private static long awaitStart(Process process) throws IOException {
        var line = new StringBuilder();
        for (int octet = process.getInputStream().read(); octet >= 0 && octet != '\n'; ) {
            line.append((char) octet);
            octet = process.getInputStream().read();
        }
        assertThat(line.toString()).startsWith("pid ");
        return Long.parseLong(line.substring(4).trim());
    }

    private static String type(Process process, String keys) throws Exception {
        process.getOutputStream().write(keys.getBytes(StandardCharsets.ISO_8859_1));
        process.getOutputStream().flush();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return output;
    }

    private String noted(String file) throws IOException {
        return Files.readString(directory.resolve(file)).strip();
    }

    private void assertTerminalAsBefore() throws IOException {
        assertThat(noted("before")).contains("icanon", " echo ");
        assertThat(noted("after")).isEqualTo(noted("before"));
    }

    @Test
    void eachKeyGoesToTheGuestAtOnceAndUnchanged() throws Exception {
        var process = onTerminal("");
        awaitStart(process);

        // Ctrl-C, Ctrl-D, Ctrl-S, Ctrl-Z, Ctrl-\, return, delete, an umlaut in UTF-8.
        var output = type(process, "\3\4\23\32\34\r\177\303\274q");

        assertThat(output).contains("<3><4><19><26><28><13><127><195><188>");
        assertThat(noted("status")).isEqualTo("3");
        assertTerminalAsBefore();
    }

    @Test
    void theEscapeKeysAreNotForTheGuest() throws Exception {
        var process = onTerminal("");
        awaitStart(process);

        var output = type(process, "\1h1\1\0012\001c3\1a4\1?5\1x");

        assertThat(output.replaceAll("\\[\\w+\\]\\r?\\n", "")).contains("<49><1><50><51><1><52><53>");
        assertThat(output).contains("[HELP]", "[MONITOR]", "[QUIT]");
        assertThat(noted("status")).isEqualTo("0");
        assertTerminalAsBefore();
    }

    @Test
    void theInterruptKeyEndsTheProcessWhereItShould() throws Exception {
        var process = onTerminal("", "interrupts");
        awaitStart(process);

        type(process, "\3");

        assertThat(noted("status")).isEqualTo("130");
        assertThat(noted("after")).isEqualTo(noted("before"));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"q, 3", "t, 1", "x, 4"})
    void theTerminalIsRestoredHoweverTheProgramEnds(String key, String status) throws Exception {
        var process = onTerminal("");
        awaitStart(process);

        type(process, key);

        assertThat(noted("status")).isEqualTo(status);
        assertTerminalAsBefore();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"TERM, 143", "INT, 130", "HUP, 129"})
    void theTerminalIsRestoredAfterASignal(String signal, String status) throws Exception {
        var process = onTerminal("");
        long pid = awaitStart(process);

        new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start().waitFor();
        process.getInputStream().readAllBytes();

        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(noted("status")).isEqualTo(status);
        assertTerminalAsBefore();
    }

    @Test
    void withoutATerminalBytesPassThroughAndTheirEndIsFine() throws Exception {
        var process = new ProcessBuilder(java()).start();
        awaitStart(process);

        process.getOutputStream().write(new byte[] {1, 'y', 0, (byte) 255});
        process.getOutputStream().close();
        long echoed = process.getInputStream().skip("<1>".length());
        assertThat(process.waitFor(1, TimeUnit.SECONDS)).as("ends by itself").isFalse();
        process.destroy();
        var status = process.waitFor();

        assertThat(echoed).isPositive();
        assertThat(status).isEqualTo(143);
    }

    @Test
    void aFloodOfOutputArrivesWhole() throws Exception {
        var process = new ProcessBuilder(java()).start();
        awaitStart(process);

        process.getOutputStream().write('f');
        process.getOutputStream().flush();
        var output = process.getInputStream().readNBytes("0123456789\n".length() * 100_000);
        process.getOutputStream().write('q');
        process.getOutputStream().flush();

        assertThat(new String(output, StandardCharsets.US_ASCII)).isEqualTo("0123456789\n".repeat(100_000));
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(3);
    }

    @Test
    void anOutputWithoutAReaderEndsTheConsole() throws Exception {
        var process = new ProcessBuilder(java()).start();
        awaitStart(process);

        process.getInputStream().close();
        process.getOutputStream().write("abc".getBytes(StandardCharsets.US_ASCII));
        process.getOutputStream().flush();

        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    }
}
