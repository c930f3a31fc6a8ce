package io.sluice.guest.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.sluice.guest.testkit.DiskImage;
import io.sluice.guest.testkit.GuestShell;
import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.machine.MachineConfig.Part;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.testkit.MachineRig;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Debian's stock NVMe driver on two disks: one that is always there, one that comes and goes. One boot for all.
@Timeout(600)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DebianNvmeTest {
    private static final Duration SOON = Duration.ofSeconds(120);
    private static final int AFTER_THE_CLAIMS = Order.DEFAULT + 1;
    private static final long DISK_BYTES = 256L << 20;
    private static final String PLACE = "/sys/bus/pci/devices/0000:00:02.0";

    private Path directory;
    private MachineRig machine;
    private GuestShell shell;

    private MachineConfig config() {
        var first = DiskImage.formatted(directory.resolve("first.img"), DISK_BYTES);
        return GuestShell.config(List.of(
                        new Part("pcie-root-port", Map.of("id", "rp1", "chassis", "1", "slot", "1")),
                        new Part("nvme", Map.of("id", "n0", "serial", "first", "drive", "d0"))))
                .withDrives(List.of(
                        new MachineConfig.Drive("d0", first, false),
                        new MachineConfig.Drive(
                                "d1", DiskImage.empty(directory.resolve("second.img"), 64 << 20), false)));
    }

    @BeforeAll
    void boot(@TempDir Path directoryOfAll) {
        directory = directoryOfAll;
        machine = MachineRig.start(config());
        shell = new GuestShell(machine);
    }

    @AfterAll
    void end() {
        shell.close();
    }

    private void plug() {
        shell.tell(running -> running.addDevice(
                new Part("nvme", Map.of("id", "n1", "bus", "rp1", "serial", "second", "drive", "d1"))));
        assertThat(shell.ask("until_ '[ -e /dev/nvme1n1 ]'")).isEqualTo("yes");
    }

    private void awaitRemoval(int events) {
        await().atMost(SOON).until(() -> machine.deviceEvents().size() == events);
        assertThat(machine.deviceEvents()).containsOnly("DEVICE_DELETED {device=n1, path=/machine/peripheral/n1}");
        assertThat(shell.ask("until_ '[ ! -e /dev/nvme1n1 ]'")).isEqualTo("yes");
    }

    @Test
    void theStockDriverFindsTheDiskWithAQueueForItsProcessor() {
        assertThat(shell.ask("dmesg | grep 'nvme nvme0'")).contains("1/0/0 default/read/poll queues");
        assertThat(shell.ask("cat /sys/block/nvme0n1/size /sys/block/nvme0n1/queue/logical_block_size"
                        + " /sys/class/nvme/nvme0/serial /sys/block/nvme0n1/queue/write_cache"))
                .isEqualTo(DISK_BYTES / 512 + "\n512\nfirst               \nwrite back");
        assertThat(shell.ask("grep -c nvme0q /proc/interrupts")).isEqualTo("2");
    }

    @Test
    void aFileSystemTakes128MebibytesAndGivesThemBack() {
        shell.ask("printf 'n\\np\\n1\\n2048\\n\\nw\\n' | fdisk -u /dev/nvme0n1 > /dev/null 2>&1");
        assertThat(shell.ask("until_ '[ -e /dev/nvme0n1p1 ]'")).isEqualTo("yes");
        assertThat(shell.ask("mkdir /mnt; mount -t ext4 /dev/nvme0n1p1 /mnt && echo mounted"))
                .isEqualTo("mounted");

        shell.ask(
                "head -c 1048576 /dev/urandom > /tmp/r; for i in $(seq 128); do echo $i; tail -c +5 /tmp/r; done > /mnt/f");
        var written = shell.ask("sync; md5sum < /mnt/f");
        var read = shell.ask("echo 3 > /proc/sys/vm/drop_caches; md5sum < /mnt/f");
        long size = Long.parseLong(shell.ask("stat -c %s /mnt/f"));
        shell.ask("umount /mnt");

        assertThat(written).hasSize(35).isEqualTo(read);
        assertThat(size).isGreaterThan(127L << 20);
        var checked = DiskImage.check(directory.resolve("first.img"));
        assertThat(checked).doesNotContainIgnoringCase("error").contains("files");
    }

    @Test
    void whatIsWrittenPastTheCacheIsInTheFileAtOnce() throws IOException {
        shell.ask("head -c 65536 /dev/urandom > /tmp/s; dd if=/tmp/s of=/dev/nvme0n1 bs=4096 seek=60000 oflag=direct");
        var sum = shell.ask("md5sum < /tmp/s");

        var bytes = new byte[65536];
        try (var file = new RandomAccessFile(directory.resolve("first.img").toFile(), "r")) {
            file.seek(60000L * 4096);
            file.readFully(bytes);
        }
        Files.write(directory.resolve("piece"), bytes);

        assertThat(DiskImage.run("md5sum", directory.resolve("piece").toString()))
                .startsWith(sum.substring(0, 32));
    }

    @Test
    void aResetInUseIsSurvived() {
        var errors = new ArrayList<String>();
        for (int i = 0; i < 3; i++) {
            errors.add(shell.ask("dd if=/dev/nvme0n1 of=/dev/null bs=128k iflag=direct 2> /tmp/e & sleep 0.2; echo 1 > "
                    + PLACE + "/reset; wait; tail -1 /tmp/e"));
        }

        assertThat(errors).hasSize(3);
        assertThat(shell.ask("dd if=/dev/nvme0n1 of=/dev/null bs=128k count=8 iflag=direct 2>/dev/null && echo well"))
                .isEqualTo("well");
    }

    @Test
    void aDiskComesWorksAndGoesWhileItIsRead() {
        plug();
        assertThatThrownBy(() -> shell.tell(running -> running.addDevice(
                        new Part("nvme", Map.of("id", "n2", "serial", "third", "drive", "d1", "bus", "rp1")))))
                .isInstanceOf(PluginException.class)
                .hasMessage("Drive 'd1' is already in use by another device");

        shell.ask(
                "( while dd if=/dev/nvme1n1 of=/dev/null bs=128k iflag=direct 2> /tmp/e; do true; done ) & sleep 0.5");
        shell.tell(running -> running.unplugDevice("n1"));
        awaitRemoval(1);

        plug();
        assertThat(shell.ask("dd if=/dev/nvme1n1 of=/dev/null bs=128k iflag=direct 2>/dev/null && echo well"))
                .isEqualTo("well");
        shell.tell(running -> running.unplugDevice("n1"));
        awaitRemoval(2);
    }

    @Test
    @Order(AFTER_THE_CLAIMS)
    void theKernelHasNoComplaint() {
        assertThat(KernelLog.complaints(shell.ask("dmesg"))).isEmpty();
        assertThat(machine.ask(Machine::drives)).hasSize(2);
    }

    @Test
    @Order(AFTER_THE_CLAIMS + 1)
    void thePowerButtonIsHeard() {
        shell.tell(Machine::pressPowerButton);

        assertThat(machine.awaitEnd(SOON).status()).isZero();
    }
}
