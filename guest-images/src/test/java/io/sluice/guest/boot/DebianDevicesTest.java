package io.sluice.guest.boot;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.GuestCache;
import io.sluice.guest.debian.DebianGuest;
import io.sluice.guest.testkit.GuestSession;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Debian's stock kernel with all that it has to say, and with a serial card that is a mediated device. One boot for
/// all.
@Timeout(600)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DebianDevicesTest {
    private static final Duration BOOT = Duration.ofSeconds(240);
    private static final Duration SOON = Duration.ofSeconds(90);

    private static final String UUID = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
    private static final String CARD = "/sys/bus/pci/devices/0000:00:01.0";
    private static final int AFTER_THE_CLAIMS = Order.DEFAULT + 1;

    /// Sends random bytes to a port and compares what comes back. Nothing of the shell's job control shows.
    private static final String LOOP = "loop() { ( head -c $2 /dev/urandom > /tmp/s$1; exec 5<>/dev/$1;"
            + " stty 115200 raw -echo <&5; timeout 20 head -c $2 <&5 > /tmp/g$1 & cat /tmp/s$1 >&5; wait;"
            + " cmp /tmp/s$1 /tmp/g$1 && echo $1 $2 same ) }";

    private final GuestSession guest = start();
    private String bootLog = "";

    private static GuestSession start() {
        // What has to be fetched and unpacked is told on standard error, so it is done before.
        DebianGuest.of(GuestCache.ofUser()).prepare((what, done, total) -> {});
        return GuestSession.sluice(
                "boot",
                "debian",
                "-no-reboot",
                "-append",
                "debug",
                "-object",
                "mdev,id=m0,type=mtty-2,uuid=" + UUID,
                "-device",
                "vfio-pci,sysfsdev=/sys/bus/mdev/devices/" + UUID);
    }

    @BeforeAll
    void boot() {
        bootLog = guest.await(DebianGuest.READY, BOOT);
        guest.await(GuestSession.PROMPT, SOON);
        ask(LOOP);
    }

    @AfterAll
    void end() {
        guest.close();
    }

    private String ask(String command) {
        return guest.run(command, SOON);
    }

    private long interrupts() {
        return Long.parseLong(ask("cat /sys/kernel/irq/$(cat " + CARD + "/irq)/per_cpu_count"));
    }

    // ---- the kernel's log

    @Test
    void theKernelLogsItsBootOnTheConsole() {
        assertThat(bootLog).contains("Linux version ", "Run /init as init process");
    }

    @Test
    void theBootLogHoldsNoComplaint() {
        assertThat(KernelLog.complaints(bootLog)).isEmpty();
    }

    @Test
    @Order(AFTER_THE_CLAIMS + 1)
    void theRingBufferHoldsNoComplaintAfterAll() {
        assertThat(KernelLog.complaints(ask("dmesg"))).isEmpty();
    }

    // ---- what the kernel found

    @Test
    void theKernelRunsOnTheTimeStampCounterAndItsDeadlineTimer() {
        assertThat(ask("cat /sys/devices/system/clocksource/clocksource0/current_clocksource"))
                .isEqualTo("tsc");
        assertThat(bootLog).contains("TSC deadline timer available", "tsc: Detected 1000.000 MHz processor");
    }

    @Test
    @Order(AFTER_THE_CLAIMS)
    void noInterruptWasInError() {
        assertThat(ask("sed -n 's/^ *\\(ERR\\|MIS\\): *//p' /proc/interrupts")).isEqualTo("0\n0");
    }

    // ---- mtty

    @Test
    void sysfsShowsTheCard() {
        assertThat(ask("cat " + CARD + "/vendor " + CARD + "/device " + CARD + "/class"))
                .isEqualTo("0x4348\n0x3253\n0x070002");
        assertThat(ask("readlink " + CARD + "/driver")).endsWith("/bus/pci/drivers/serial");
        assertThat(ask("ls -1 " + CARD + "/tty")).isEqualTo("ttyS1\nttyS2");
    }

    @Test
    void theStockDriverBindsBothPortsAs16550AOnOneLine() {
        assertThat(bootLog)
                .containsPattern(
                        "0000:00:01\\.0: ttyS1 at I/O 0xc000 \\(irq = (\\d+), base_baud = 115200\\) is a 16550A")
                .containsPattern(
                        "0000:00:01\\.0: ttyS2 at I/O 0xc008 \\(irq = (\\d+), base_baud = 115200\\) is a 16550A");
        assertThat(ask("grep -c 'uart:16550A port:0000C00[08] irq:'$(cat " + CARD + "/irq) /proc/tty/driver/serial"))
                .isEqualTo("2");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 15, 16, 17, 100, 1024, 4096})
    void whatIsWrittenComesBackOnBothPorts(int bytes) {
        assertThat(ask("loop ttyS1 " + bytes)).isEqualTo("ttyS1 " + bytes + " same");
        assertThat(ask("loop ttyS2 " + bytes)).isEqualTo("ttyS2 " + bytes + " same");
    }

    @Test
    void bothPortsWorkAtOnce() {
        assertThat(ask("(loop ttyS1 4096 & loop ttyS2 4096 & wait) | sort"))
                .isEqualTo("ttyS1 4096 same\nttyS2 4096 same");
    }

    @Test
    void bytesComeByInterruptAndAreCountedOnce() {
        long before = interrupts();
        String counted = "sed -n 's/^1:.* tx:\\([0-9]*\\) rx:\\([0-9]*\\).*/\\1 \\2/p' /proc/tty/driver/serial";
        var sent = ask(counted).split(" ");

        ask("loop ttyS1 1000");

        var now = ask(counted).split(" ");
        assertThat(Integer.parseInt(now[0]) - Integer.parseInt(sent[0])).isEqualTo(1000);
        assertThat(Integer.parseInt(now[1]) - Integer.parseInt(sent[1])).isEqualTo(1000);
        assertThat(interrupts() - before).isBetween(1L, 2000L);
    }

    @Test
    void anIdlePortInterruptsNobody() {
        ask("exec 6<>/dev/ttyS1");
        long before = interrupts();

        ask("sleep 1");

        assertThat(interrupts()).isEqualTo(before);
        ask("exec 6>&-");
    }

    @Test
    @Order(AFTER_THE_CLAIMS)
    void theCardCanBeRemovedAndFoundAgain() {
        assertThat(ask("echo 1 > " + CARD + "/remove; ls " + CARD + "; ls /sys/class/tty | grep -c 'ttyS[12]'"))
                .contains("No such file or directory");
        assertThat(ask("grep -c 16550A /proc/tty/driver/serial")).isEqualTo("1");

        assertThat(ask("echo 1 > /sys/bus/pci/rescan; ls -1 " + CARD + "/tty")).endsWith("ttyS1\nttyS2");
        assertThat(ask("loop ttyS1 300; loop ttyS2 300")).isEqualTo("ttyS1 300 same\nttyS2 300 same");
    }

    // ---- the end

    @Test
    @Order(AFTER_THE_CLAIMS + 2)
    void rebootWithNoRebootEndsItWithStatus0() {
        guest.type("reboot -f");

        assertThat(guest.awaitEnd(SOON)).isZero();
        assertThat(guest.errors()).isEmpty();
    }
}
