package io.sluice.guest.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.guest.baremetal.MetronomeGuest;
import io.sluice.guest.testkit.GuestSession;
import io.sluice.guest.testkit.ProcessWatch;
import io.sluice.vmm.testkit.QmpTestClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The real program under attack through its control socket, with a guest that tells every 20 ms what its clock shows.
/// `-Dsluice.fuzz.seed=N` for the same bytes again.
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadClientsTest {
    private static final Duration SOON = Duration.ofSeconds(90);
    private static final double LONGEST_GAP_SECONDS = 0.5;
    private static final int HEAP_MIB = 192;
    private static final int DIRECT_MIB = 32;
    /// The guest's memory, the JVM's own, code, stacks and what the system counts to a process of shared libraries.
    private static final int REST_MIB = 256;

    /// What a client asked for that is gone may go on, and its events are everybody's.
    private static final String EVENT = "{\"timestamp\"";

    /// Comes with the first thing that is logged.
    private static final String LOG = "log";

    private static final Pattern BEAT = Pattern.compile("beat ");

    private Path socket;
    private GuestSession program;
    private ProcessWatch watch;
    private int threads;
    private long files;

    @BeforeAll
    void start(@TempDir Path directory) {
        socket = directory.resolve("qmp");
        program = GuestSession.sluice(
                Map.of(
                        "SLUICE_JAVA_OPTS",
                        "-Xmx" + HEAP_MIB + "m -XX:MaxDirectMemorySize=" + DIRECT_MIB + "m"
                                + " -XX:+ExitOnOutOfMemoryError"),
                "-kernel",
                MetronomeGuest.write(directory).toString(),
                "-m",
                "64",
                "-qmp",
                "unix:" + socket + ",server=on,wait=off");
        awaitBeats(20);
        assertThat(answersAtOnce()).isTrue();
        watch = new ProcessWatch(program.pid());
        threads = watch.threads().size();
        files = watch.openFiles();
    }

    @AfterAll
    void end() {
        program.close();
    }

    private void awaitBeats(int count) {
        for (int i = 0; i < count; i++) {
            program.await(BEAT, SOON);
        }
    }

    private List<Double> beats() {
        return MetronomeGuest.beats(program.rawConsole());
    }

    private boolean answersAtOnce() {
        try (var client = QmpTestClient.connect(socket).negotiate()) {
            var answer = client.call("{'execute':'query-status'}");
            while (answer.startsWith(EVENT)) {
                answer = client.receive();
            }
            return answer.contains("\"status\": \"running\"");
        } catch (IOException e) {
            throw new AssertionError("it does not answer any more; it has said: " + program.errors(), e);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aBadClientHoldsNeitherTheGuestNorMemory(BadClient bad) {
        long seed = Long.getLong("sluice.fuzz.seed", 20_261_121L);
        int before = beats().size() - 1;

        bad.attack(socket, new Random(seed));

        assertThat(answersAtOnce()).isTrue();
        int during = beats().size();
        await().atMost(SOON).until(() -> beats().size() > during + 25);
        var beats = beats();
        double longest = IntStream.range(before, beats.size() - 1)
                .mapToDouble(i -> beats.get(i + 1) - beats.get(i))
                .max()
                .orElseThrow();
        System.out.printf(
                "%s: seed %d, longest gap %.0f ms of %.1f s, peak memory %d MiB%n",
                bad, seed, longest * 1000, beats.getLast() - beats.get(before), watch.peakMemory() >> 20);
        assertThat(longest).isLessThan(LONGEST_GAP_SECONDS);
        assertThat(watch.peakMemory() >> 20).isLessThan(HEAP_MIB + DIRECT_MIB + REST_MIB);
        await().atMost(SOON).untilAsserted(() -> assertThat(watch.openFiles()).isLessThanOrEqualTo(files));
        assertThat(watch.threads()).filteredOn(name -> !name.equals(LOG)).hasSizeLessThanOrEqualTo(threads);
        assertThat(Files.exists(socket)).isTrue();
        assertThat(program.errors().lines()).allMatch(line -> line.contains("the client does not read its events"));
    }
}
