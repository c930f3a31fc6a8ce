package io.sluice.guest.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.guest.testkit.GuestSession;
import io.sluice.vmm.testkit.QmpTestClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The real program over its control socket, as a script drives it.
@Timeout(120)
class ControlSocketTest {
    private static final Duration SOON = Duration.ofSeconds(90);
    private static final String CARD = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";

    @TempDir
    private Path directory;

    private Path socket;
    private GuestSession program;
    private QmpTestClient client;

    @BeforeEach
    void start() throws IOException {
        socket = directory.resolve("qmp");
        program = GuestSession.sluice(
                "boot",
                "hello",
                "-m",
                "64",
                "-S",
                "-qmp",
                "unix:" + socket + ",server=on,wait=off",
                "-device",
                "pcie-root-port,id=rp1");
        await().atMost(SOON).until(() -> Files.exists(socket));
        client = QmpTestClient.connect(socket).negotiate();
    }

    @AfterEach
    void end() throws IOException {
        client.close();
        program.close();
    }

    private static String masked(String message) {
        return message.replaceFirst("\"timestamp\": \\{[^}]*\\}, ", "");
    }

    /// What comes for a command, up to its answer, without the times.
    private List<String> answers(String command) throws IOException {
        client.send(command);
        var all = new ArrayList<String>();
        do {
            all.add(masked(client.receive()));
        } while (all.getLast().startsWith("{\"event\""));
        return all;
    }

    private String execute(String name) throws IOException {
        return answers("{\"execute\": \"" + name + "\"}").getLast();
    }

    @Test
    void itsFileIsTheUsersAloneAndGoesWithTheProgram() throws IOException {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo("rw-------");

        assertThat(answers("{\"execute\": \"quit\"}"))
                .containsExactly(
                        "{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": false, \"reason\": \"host-qmp-quit\"}}",
                        "{\"return\": {}}");

        assertThat(program.awaitEnd(SOON)).isZero();
        assertThat(socket).doesNotExist();
    }

    @Test
    void aSignalEndsItInGoodOrder() throws IOException {
        execute("query-status");

        program.terminate();

        assertThat(masked(client.receive()))
                .isEqualTo("{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": false, \"reason\": \"host-signal\"}}");
        assertThat(program.awaitEnd(SOON)).isEqualTo(143);
        assertThat(socket).doesNotExist();
    }

    @Test
    void theGuestWaitsIsLetGoAndStopped() throws IOException {
        assertThat(execute("query-status")).contains("\"status\": \"prelaunch\"", "\"running\": false");

        assertThat(answers("{\"execute\": \"cont\"}")).containsExactly("{\"event\": \"RESUME\"}", "{\"return\": {}}");
        program.await("hello> ", SOON);
        assertThat(answers("{\"execute\": \"stop\"}")).containsExactly("{\"event\": \"STOP\"}", "{\"return\": {}}");

        assertThat(execute("query-status")).contains("\"status\": \"paused\"");
        assertThat(answers("{\"execute\": \"system_reset\"}"))
                .contains(
                        "{\"event\": \"RESET\", \"data\": {\"guest\": false, \"reason\": \"host-qmp-system-reset\"}}");
        assertThat(execute("query-status")).contains("\"status\": \"prelaunch\"");
    }

    @Test
    void everyQueryWithoutArgumentsIsAnsweredAndTheLongestFitsALineReader() throws IOException {
        var names = execute("query-commands").replaceAll("[^a-z0-9_{-]+", " ").split("\\{");

        for (var name : names) {
            var bare = name.strip().replaceFirst("^name ", "");
            if (bare.startsWith("query-") && !bare.equals("query-cpu-model-expansion")) {
                assertThat(execute(bare)).as(bare).startsWith("{\"return\": ").hasSizeLessThan(64 << 10);
            }
        }
        assertThat(names).hasSizeGreaterThan(40);
    }

    @Test
    void aMediatedDeviceComesAndGoes() throws IOException {
        var object = "{\"execute\": \"object-add\", \"arguments\": {\"qom-type\": \"mdev\", \"id\": \"m0\","
                + " \"type\": \"mtty-2\", \"uuid\": \"" + CARD + "\"}}";
        var device = "{\"execute\": \"device_add\", \"arguments\": {\"driver\": \"vfio-pci\", \"id\": \"n0\","
                + " \"bus\": \"rp1\", \"sysfsdev\": \"/sys/bus/mdev/devices/" + CARD + "\"}}";

        assertThat(answers(object))
                .containsExactly(
                        "{\"event\": \"X_SLUICE_MDEV_ADDED\", \"data\": {\"uuid\": \"" + CARD
                                + "\", \"type\": \"mtty-2\"}}",
                        "{\"return\": {}}");
        assertThat(answers(device)).containsExactly("{\"return\": {}}");
        assertThat(answers(device).getLast()).contains("GenericError", "Duplicate device ID 'n0'");
        assertThat(execute("x-sluice-query-mdevs")).contains(CARD, "\"state\": \"open\"");
        assertThat(answers("{\"execute\": \"object-del\", \"arguments\": {\"id\": \"m0\"}}")
                        .getLast())
                .contains("object 'm0' is in use, can not be deleted");

        assertThat(answers("{\"execute\": \"human-monitor-command\", \"arguments\": {\"command-line\": \"info mdev\"}}")
                        .getLast())
                .matches("\\{\"return\": \"" + CARD
                        + " type mtty-2 state open reads \\d+ writes \\d+ interrupts 0\\\\r\\\\n\"}");

        client.send("{\"execute\": \"device_del\", \"arguments\": {\"id\": \"n0\"}}");

        var told = List.of(masked(client.receive()), masked(client.receive()));
        assertThat(told)
                .containsExactlyInAnyOrder(
                        "{\"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"n0\", \"path\":"
                                + " \"/machine/peripheral/n0\"}}",
                        "{\"return\": {}}");
        assertThat(answers("{\"execute\": \"object-del\", \"arguments\": {\"id\": \"m0\"}}")
                        .getLast())
                .isEqualTo("{\"return\": {}}");
        assertThat(execute("x-sluice-query-mdevs")).isEqualTo("{\"return\": []}");
    }

    @Test
    void guestMemoryIsWrittenIntoAFile() throws IOException {
        var file = directory.resolve("memory");

        answers("{\"execute\": \"pmemsave\", \"arguments\": {\"val\": 0, \"size\": 65536, \"filename\": \"" + file
                + "\"}}");

        assertThat(Files.size(file)).isEqualTo(65536);
        assertThat(answers("{\"execute\": \"human-monitor-command\", \"arguments\": {\"command-line\":"
                                + " \"info status\"}}")
                        .getLast())
                .isEqualTo("{\"return\": \"VM status: paused (prelaunch)\\r\\n\"}");
        assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                .hasSize(65536);
    }
}
