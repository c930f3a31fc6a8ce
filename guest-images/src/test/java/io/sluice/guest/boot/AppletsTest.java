package io.sluice.guest.boot;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.GuestCache;
import io.sluice.guest.debian.DebianGuest;
import io.sluice.guest.initramfs.CpioArchive;
import io.sluice.guest.testkit.GuestSession;
import io.sluice.vmm.plugin.PreparedGuest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The same busybox does the same tasks in the guest and on the host. The host's processor is the judge of ours.
///
/// glibc chooses its routines by what the processor has, and those for FMA round differently; the host is told to do
/// without what the guest does not have.
@Timeout(900)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AppletsTest {
    private static final Duration BOOT = Duration.ofSeconds(240);
    private static final Duration ALL_TASKS = Duration.ofSeconds(480);
    private static final int HOST_SECONDS = 60;
    private static final String AS_THE_GUEST =
            "glibc.cpu.hwcaps=-AVX,-AVX2,-FMA,-FMA4,-AVX_Usable,-AVX2_Usable,-FMA_Usable,-FMA4_Usable";

    private static final Pattern OUTCOME =
            Pattern.compile("task (\\S+) (\\d+) ([0-9a-f]{64}) (\\d+)\n([A-Za-z0-9+/=\n]*)done\n");

    /// What became of a task.
    ///
    /// @param start of its output
    record Outcome(int status, String digest, long length, String start) {}

    private Map<String, Outcome> inGuest = Map.of();
    private Map<String, Outcome> onHost = Map.of();

    @BeforeAll
    void doAllTasksHereAndThere(@TempDir Path directory) throws IOException, InterruptedException {
        var plain = DebianGuest.of(GuestCache.ofUser());
        byte[] busybox = CpioArchive.read(Files.readAllBytes(initrd(prepare(plain))))
                .entry("bin/busybox")
                .content();
        var guest = prepare(plain.withFiles(files -> Applets.add(files, busybox)));

        try (var session = GuestSession.sluice(
                "-kernel",
                guest.kernel().toString(),
                "-initrd",
                initrd(guest).toString(),
                "-append",
                guest.append() + " sluice.rc=" + Applets.SCRIPT,
                "-m",
                "512M",
                "-nographic",
                "-no-reboot")) {
            onHost = outcomes(host(directory, busybox));
            session.await("task ", BOOT);
            var started = session.age();
            session.await(DebianGuest.RC_ENDED + "0", ALL_TASKS);
            System.out.printf(
                    "%d tasks for busybox in the guest: %.1f s%n",
                    Applets.tasks().size(), session.age().minus(started).toMillis() / 1e3);
            inGuest = outcomes(session.console());
        }
    }

    private static PreparedGuest prepare(DebianGuest guest) {
        return guest.prepare((what, done, total) -> {});
    }

    private static Path initrd(PreparedGuest guest) {
        return Objects.requireNonNull(guest.initrd());
    }

    /// What the script prints on the host, run by the guest's own busybox with nothing else on its path.
    private static String host(Path directory, byte[] busybox) throws IOException, InterruptedException {
        var bin = Files.createDirectories(directory.resolve("bin"));
        var program = Files.write(bin.resolve("busybox"), busybox);
        assertThat(program.toFile().setExecutable(true)).isTrue();
        start(directory, List.of(program.toString(), "--install", "-s", bin.toString()), Path.of("/dev/null"));
        Applets.write(directory.resolve("applets"), busybox);
        var output = directory.resolve("output");
        start(
                directory,
                List.of(
                        program.toString(),
                        "sh",
                        directory.resolve("applets/run").toString(),
                        directory.resolve("applets").toString(),
                        directory.resolve("work").toString()),
                output);
        return Files.readString(output, StandardCharsets.ISO_8859_1);
    }

    private static void start(Path directory, List<String> command, Path output)
            throws IOException, InterruptedException {
        var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().clear();
        builder.environment().put("PATH", directory.resolve("bin").toString());
        builder.environment().put("GLIBC_TUNABLES", AS_THE_GUEST);
        var process = builder.start();
        try {
            assertThat(process.waitFor(HOST_SECONDS, TimeUnit.SECONDS))
                    .as("the tasks end on the host")
                    .isTrue();
            assertThat(process.exitValue()).isZero();
        } finally {
            process.destroyForcibly();
        }
    }

    private static Map<String, Outcome> outcomes(String text) {
        var outcomes = new HashMap<String, Outcome>();
        var matcher = OUTCOME.matcher(text);
        while (matcher.find()) {
            var start = Base64.getMimeDecoder().decode(matcher.group(5));
            outcomes.put(
                    matcher.group(1),
                    new Outcome(
                            Integer.parseInt(matcher.group(2)),
                            matcher.group(3),
                            Long.parseLong(matcher.group(4)),
                            new String(start, StandardCharsets.ISO_8859_1)));
        }
        return outcomes;
    }

    static Stream<String> tasks() {
        return Applets.tasks().keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("tasks")
    void theOutcomeIsTheSame(String task) {
        assertThat(inGuest.get(task)).as(Applets.tasks().get(task)).isNotNull().isEqualTo(onHost.get(task));
    }

    /// Otherwise a guest without an applet would be equal to a host without it.
    @ParameterizedTest
    @MethodSource("tasks")
    void theTaskCanBeDone(String task) {
        assertThat(Objects.requireNonNull(onHost.get(task)).start())
                .isNotEmpty()
                .doesNotContain("not found", "Usage:", "not compiled in");
    }

    @Test
    void thereAreAtLeastThirtyApplets() {
        assertThat(tasks().map(task -> task.replaceFirst("_.*", "")).distinct().count())
                .isGreaterThanOrEqualTo(30);
    }
}
