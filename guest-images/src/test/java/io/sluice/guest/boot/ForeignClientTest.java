package io.sluice.guest.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.guest.GuestCache;
import io.sluice.guest.debian.DebianGuest;
import io.sluice.guest.testkit.GoProgram;
import io.sluice.guest.testkit.GuestSession;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Two clients that others wrote, in another language, for QEMU: one asks everything there is to ask and hears events,
/// the other plugs a card into Debian's kernel and takes it away again.
@Timeout(900)
class ForeignClientTest {
    private static final Duration BOOT = Duration.ofSeconds(240);
    private static final Duration SOON = Duration.ofSeconds(90);
    private static final String PACKAGES =
            "golang-go, golang-github-digitalocean-go-qemu-dev and golang-github-kata-containers-govmm-dev";
    private static final String CARD = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
    private static final String ADDED = "{\"type\":\"mtty-2\",\"uuid\":\"" + CARD + "\"}";
    private static final String TTY = "/sys/bus/pci/devices/0000:01:00.0/tty/ttyS2";

    @TempDir
    private Path directory;

    @Test
    void clientsMadeForQemuRunAWholeSession() {
        var program = GoProgram.build(
                GuestSession.repository().resolve("guest-images/src/test/resources/foreign/session.go"),
                directory,
                PACKAGES);
        DebianGuest.of(GuestCache.ofUser()).prepare((what, done, total) -> {});
        var socket = directory.resolve("qmp");
        try (var guest = GuestSession.sluice(
                        "boot",
                        "debian",
                        "-name",
                        "foreign",
                        "-S",
                        "-qmp",
                        "unix:" + socket + ",server=on,wait=off",
                        "-device",
                        "pcie-root-port,id=rp1");
                var clients = startWhenServed(program, socket)) {
            assertThat(clients.linesUntil("status running, running true"))
                    .contains("greeted by 7.2.22 [oob]", "status prelaunch, running false")
                    .contains("version 7.2", "target x86_64", "kvm false false", "name foreign", "uuid 36")
                    .contains("memory 536870912", "bus 0 has 3", "vfio-pci has sysfsdev: str")
                    .contains("flux-capacitor: Device 'flux-capacitor' not found", "many types true", "a tree true")
                    .contains("VM status: paused (prelaunch)", "event RESUME null")
                    .anyMatch(line -> line.matches("asked [34]\\d"));

            guest.await(GuestSession.PROMPT, BOOT);
            clients.tell("guest is up");
            assertThat(clients.linesUntil("plugged"))
                    .containsExactly(
                            "event STOP null",
                            "status paused, running false",
                            "event RESUME null",
                            "second client greeted by 7.2 [oob]",
                            "cpus 1 x86_64",
                            "many events true",
                            "machine is a q35-machine",
                            "event X_SLUICE_MDEV_ADDED " + ADDED,
                            "again: QMP command failed: Duplicate device ID 'n0'");

            assertThat(guest.run("until [ -e " + TTY + " ]; do sleep 0.1; done; " + echoThrough("/dev/ttyS2"), SOON))
                    .isEqualTo("there and back");
            clients.tell("device works");
            assertThat(clients.linesUntil("the end"))
                    .containsExactly(
                            "event DEVICE_DELETED {\"device\":\"n0\",\"path\":\"/machine/peripheral/n0\"}",
                            "no more: Device 'n0' not found",
                            "event X_SLUICE_MDEV_REMOVED " + ADDED,
                            "event SHUTDOWN {\"guest\":false,\"reason\":\"host-qmp-quit\"}");

            assertThat(clients.awaitEnd(SOON)).isZero();
            assertThat(guest.awaitEnd(SOON)).isZero();
            assertThat(socket).doesNotExist();
        }
    }

    private GoProgram startWhenServed(Path program, Path socket) {
        await().atMost(SOON).until(() -> Files.exists(socket));
        return GoProgram.start(program, directory, socket.toString(), "rp1", "mtty-2", CARD);
    }

    /// The card sends back what it gets.
    private static String echoThrough(String tty) {
        return "exec 5<>" + tty + "; stty 115200 raw -echo <&5; echo there and back >&5; head -n 1 <&5; exec 5<&-";
    }
}
