package io.sluice.guest.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.guest.testkit.GuestShell;
import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.machine.MachineConfig.Part;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.testkit.MachineRig;
import io.sluice.vmm.testkit.QmpTestClient;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Debian's stock bochs-drm on an mbochs in a slot, and pictures of what it shows. One boot for all.
@Timeout(600)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DebianDisplayTest {
    private static final Duration SOON = Duration.ofSeconds(120);
    private static final String CARD = "4e9a0c28-6ba1-4a86-b4ba-5d1a8d2f4e01";
    private static final int WIDTH = 640;
    private static final int HEIGHT = 480;
    private static final int BAR = 80;
    /// Of each of eight bars, as red, green and blue.
    private static final int[] BARS = {0x112233, 0xFF0000, 0x00FF00, 0x0000FF, 0xFFFF00, 0x00FFFF, 0xFF00FF, 0xFEDCBA};

    /// The bars' pixels as they lie in memory, for `printf`.
    private static final String PIXELS = "33221100 0000FF00 00FF0000 FF000000 00FFFF00 FFFF0000 FF00FF00 BADCFE00";

    private Path directory;
    private MachineRig machine;
    private QmpTestClient control;
    private GuestShell shell;

    private static MachineConfig config() {
        return GuestShell.config(
                List.of(new Part("mdev", Map.of("id", "m0", "type", "mbochs-medium", "uuid", CARD))),
                List.of(new Part("pcie-root-port", Map.of("id", "rp1", "chassis", "1", "slot", "1")), card()),
                "bochs");
    }

    private static Part card() {
        return new Part(
                "vfio-pci",
                Map.of(
                        "id",
                        "v0",
                        "bus",
                        "rp1",
                        "sysfsdev",
                        "/sys/bus/mdev/devices/" + CARD,
                        "display",
                        "on",
                        "xres",
                        "" + WIDTH,
                        "yres",
                        "" + HEIGHT));
    }

    @BeforeAll
    void boot(@TempDir Path directoryOfAll) throws IOException {
        directory = directoryOfAll;
        machine = MachineRig.start(config());
        var socket = directory.resolve("qmp");
        machine.serve(socket, "qmp", List.of());
        control = QmpTestClient.connect(socket).negotiate();
        shell = new GuestShell(machine);
    }

    @AfterAll
    void end() throws IOException {
        control.close();
        shell.close();
    }

    private int[] picture() {
        var file = directory.resolve("picture.png");
        try {
            control.send("{\"execute\": \"screendump\", \"arguments\": {\"filename\": \"" + file
                    + "\", \"device\": \"v0\", \"format\": \"png\"}}");
            assertThat(reply()).startsWith("{\"return\": {}");
            return pixels(ImageIO.read(file.toFile()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The next message that is no event.
    private String reply() throws IOException {
        var message = control.receive();
        while (message.contains("\"event\"")) {
            message = control.receive();
        }
        return message;
    }

    private static int[] pixels(BufferedImage image) {
        assertThat(image.getWidth()).isEqualTo(WIDTH);
        assertThat(image.getHeight()).isEqualTo(HEIGHT);
        return Arrays.stream(image.getRGB(0, 0, WIDTH, HEIGHT, null, 0, WIDTH))
                .map(pixel -> pixel & 0xFF_FFFF)
                .toArray();
    }

    /// Upright bars that lean: row `y` is one of eight rows, each a bar further to the left.
    private static int[] bars() {
        var all = new int[WIDTH * HEIGHT];
        Arrays.setAll(all, i -> BARS[(i % WIDTH / BAR + i / WIDTH / 60) % BARS.length]);
        return all;
    }

    /// The first few pixels that are not as they should be.
    private static List<String> differences(int[] picture, int[] expected) {
        return IntStream.range(0, expected.length)
                .filter(i -> picture[i] != expected[i])
                .mapToObj(i -> String.format("%d,%d: %06x, not %06x", i % WIDTH, i / WIDTH, picture[i], expected[i]))
                .limit(5)
                .toList();
    }

    @Test
    @Order(1)
    void theStockDriverBindsAndTakesTheMonitorsMode() {
        assertThat(shell.ask("until_ '[ -e /dev/fb0 ]'")).isEqualTo("yes");
        assertThat(shell.ask("cat /sys/class/graphics/fb0/name /sys/class/graphics/fb0/virtual_size"
                        + " /sys/class/graphics/fb0/bits_per_pixel"))
                .isEqualTo("bochs-drmdrmfb\n" + WIDTH + "," + HEIGHT + "\n32");
        assertThat(shell.ask("basename $(readlink /sys/bus/pci/devices/0000:01:00.0/driver)"))
                .isEqualTo("bochs-drm");
        assertThat(shell.ask("head -1 /sys/class/drm/card0-Virtual-1/modes; cat /sys/class/drm/card0-Virtual-1/status"))
                .isEqualTo(WIDTH + "x" + HEIGHT + "\nconnected");
        assertThat(shell.ask("dmesg | grep -c 'EDID.*\\(invalid\\|checksum\\)'"))
                .isEqualTo("0");
    }

    @Test
    @Order(2)
    void whatAProgramDrawsIsInThePicturePixelForPixel() {
        shell.ask("for p in " + PIXELS + "; do x=$(echo $p | sed 's/../\\\\x&/g'); i=0;"
                + " while [ $i -lt " + BAR + " ]; do printf $x; i=$((i+1)); done; done > /tmp/row;"
                + " cat /tmp/row /tmp/row > /tmp/rows; printf '\\033[?25l' > /dev/tty0");

        var ten = " /tmp/one".repeat(10);
        var sixty = " /tmp/ten".repeat(6);
        shell.ask("for k in 0 1 2 3 4 5 6 7; do dd if=/tmp/rows of=/tmp/one bs=" + 4 * BAR
                + " skip=$k count=8 2>/dev/null;" + " cat" + ten + " > /tmp/ten; cat" + sixty
                + "; done > /tmp/picture; cat /tmp/picture > /dev/fb0");

        var expected = bars();
        await().atMost(SOON)
                .pollInterval(Duration.ofMillis(200))
                .untilAsserted(
                        () -> assertThat(differences(picture(), expected)).isEmpty());
    }

    @Test
    @Order(3)
    void theKernelsConsoleWritesOnIt() {
        var before = picture();

        shell.ask("printf '\\033[2J\\033[HSluice\\n' > /dev/tty0");

        await().atMost(SOON)
                .pollInterval(Duration.ofMillis(200))
                .until(() -> Arrays.stream(picture()).filter(p -> p != 0).count() < WIDTH
                        && Arrays.stream(picture()).filter(p -> p == 0xAAAAAA).count() > 50);
        assertThat(picture()).isNotEqualTo(before);
    }

    /// The driver is up a moment before the slot's indicator says that the guest is done with it.
    private void unplug() {
        await().atMost(SOON).until(() -> {
            try {
                shell.tell(running -> running.unplugDevice("v0"));
                return true;
            } catch (PluginException busy) {
                assertThat(busy).hasMessage("Hot-unplug failed: guest is busy (power indicator blinking)");
                return false;
            }
        });
    }

    @Test
    @Order(4)
    void theCardGoesWhileTheConsoleDrawsOnItAndComesBack() {
        shell.ask("( while dmesg | tail -3 > /dev/tty0; do true; done ) & writer=$!; sleep 0.3");
        for (int turn = 1; turn <= 2; turn++) {
            int events = turn;
            unplug();
            await().atMost(SOON).until(() -> machine.deviceEvents().size() == events);
            assertThat(shell.ask("until_ '[ ! -e /dev/fb0 ]'")).isEqualTo("yes");

            shell.tell(running -> running.addDevice(card()));
            assertThat(shell.ask("until_ '[ -e /dev/fb0 ]'")).isEqualTo("yes");
        }

        await().atMost(SOON)
                .pollInterval(Duration.ofMillis(200))
                .until(() -> Arrays.stream(picture()).filter(p -> p == 0xAAAAAA).count() > 1000);
        shell.ask("kill $writer");
    }

    @Test
    @Order(5)
    void theKernelHasNoComplaint() {
        assertThat(KernelLog.complaints(shell.ask("dmesg"))).isEmpty();
    }
}
