package io.sluice.guest.boot;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.testkit.DiskImage;
import io.sluice.guest.testkit.GuestShell;
import io.sluice.vfio.entry.SimulatedHost;
import io.sluice.vfio.entry.VfioPlugin;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.iommufd.IoasUnmap;
import io.sluice.vfio.iommufd.Iommufd;
import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.machine.MachineConfig.Part;
import io.sluice.vmm.testkit.MachineRig;
import io.sluice.vmm.trace.Trace;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
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

/// Two stock guests on one host. The first has an NVMe disk of its own and a virtual function of another one; the
/// second has the other virtual function. Both have them by iommufd and nothing else.
@Timeout(900)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DebianPassthroughTest {
    private static final long DISK_BYTES = 256L << 20;
    private static final String TOPOLOGY = """
            {"functions": [
              {"name": "rp0", "type": "root-port", "acs": true},
              {"name": "disk", "type": "endpoint", "behind": "rp0", "device": "nvme",
               "properties": {"drive": "d0", "serial": "alone"}},
              {"name": "rp1", "type": "root-port", "acs": true},
              {"name": "shared", "type": "endpoint", "behind": "rp1", "device": "nvme", "ari": true,
               "properties": {"drive": "d1", "serial": "shared"},
               "sriov": {"vfs": [{"drive": "d2", "serial": "vf0"}, {"drive": "d3", "serial": "vf1"}]}}
            ]}
            """;

    private final SimulatedHost host = new SimulatedHost(Trace.none());
    private Path directory;
    private GuestShell first;
    private GuestShell second;
    private String alone;
    private String shared;

    private MachineConfig.Drive drive(String name, long bytes) {
        return new MachineConfig.Drive(name, DiskImage.empty(image(name), bytes), false);
    }

    private Path image(String drive) {
        return directory.resolve(drive + ".img");
    }

    private static Part device(String id, String host, String... more) {
        var properties = new java.util.HashMap<>(Map.of("id", id, "host", host));
        for (int i = 0; i < more.length; i += 2) {
            properties.put(more[i], more[i + 1]);
        }
        return new Part("vfio-pci", properties);
    }

    @BeforeAll
    void boot(@TempDir Path directoryOfAll) throws IOException {
        directory = directoryOfAll;
        var topology = Files.writeString(directory.resolve("topology.json"), TOPOLOGY);
        var modules = new String[] {"nvme", "ext4", "crc32c_generic"};
        var machine = MachineRig.start(
                GuestShell.config(
                                List.of(
                                        new Part("host", Map.of("id", "h0", "topology", topology.toString())),
                                        new Part("iommufd", Map.of("id", "iommufd0"))),
                                List.of(
                                        device("n0", "0000:01:00.0", "iommufd", "iommufd0"),
                                        device("n1", "shared-vf0", "iommufd", "iommufd0")),
                                modules)
                        .withDrives(List.of(
                                new MachineConfig.Drive("d0", DiskImage.formatted(image("d0"), DISK_BYTES), false),
                                drive("d1", 1 << 20),
                                drive("d2", 16 << 20),
                                drive("d3", 16 << 20))),
                List.of(new VfioPlugin(host)));
        var other = MachineRig.start(
                GuestShell.config(List.of(device("n0", "shared-vf1")), modules), List.of(new VfioPlugin(host)));
        first = new GuestShell(machine);
        second = new GuestShell(other);
        alone = diskWith("alone");
        shared = diskWith("vf0");
    }

    /// The guest's name for the disk with this serial number.
    private String diskWith(String serial) {
        return first.ask("cd /sys/class/nvme; for c in nvme*; do grep -q '^" + serial
                + " *$' $c/serial && echo /dev/${c}n1; done; cd /");
    }

    @AfterAll
    void end() {
        second.close();
        first.close();
        assertThat(host.kernel().frames().pinned()).isZero();
    }

    @Test
    @Order(1)
    void theStockDriverHasADiskOfTheHost() {
        assertThat(first.ask("cat /sys/block/" + alone.substring(5) + "/size")).isEqualTo("" + DISK_BYTES / 512);
        assertThat(first.ask("dmesg | grep -c '1/0/0 default/read/poll queues'"))
                .isEqualTo("2");
        assertThat(host.functions())
                .extracting(f -> f.driver() == null ? "none" : f.driver().name())
                .containsExactly("pcieport", "pcieport", "vfio-pci", "pci-pf-stub", "vfio-pci", "vfio-pci");
    }

    @Test
    @Order(2)
    void aFileSystemTakes128MebibytesAndGivesThemBack() {
        first.ask("printf 'n\\np\\n1\\n2048\\n\\nw\\n' | fdisk -u " + alone + " > /dev/null 2>&1");
        assertThat(first.until("[ -e " + alone + "p1 ]")).isTrue();
        assertThat(first.ask("mkdir /mnt; mount -t ext4 " + alone + "p1 /mnt && echo mounted"))
                .isEqualTo("mounted");
        first.ask(
                "head -c 1048576 /dev/urandom > /tmp/r; for i in $(seq 128); do echo $i; tail -c +5 /tmp/r; done > /mnt/f");
        var written = first.ask("sync; md5sum < /mnt/f");
        var read = first.ask("echo 3 > /proc/sys/vm/drop_caches; md5sum < /mnt/f");
        var size = first.ask("stat -c %s /mnt/f");
        first.ask("umount /mnt");

        assertThat(written).hasSize(35).isEqualTo(read);
        assertThat(Long.parseLong(size)).isGreaterThan(127L << 20);
        assertThat(DiskImage.check(image("d0"))).doesNotContainIgnoringCase("error");
    }

    @Test
    @Order(3)
    void aResetInUseIsSurvivedWithErrorsAtMost() {
        var place = first.ask("readlink -f /sys/block/" + alone.substring(5) + "/device/device");
        for (int i = 0; i < 3; i++) {
            first.ask("dd if=" + alone + " of=/dev/null bs=128k iflag=direct 2> /tmp/e & sleep 0.2; echo 1 > " + place
                    + "/reset; wait; tail -1 /tmp/e");
        }

        assertThat(first.ask("dd if=" + alone + " of=/dev/null bs=128k count=8 iflag=direct 2> /dev/null && echo well"))
                .isEqualTo("well");
    }

    @Test
    @Order(4)
    void twoGuestsShareADeviceByItsVirtualFunctions() throws IOException {
        first.ask("yes first | head -c 1048576 > /tmp/p; dd if=/tmp/p of=" + shared
                + " bs=64k oflag=direct 2> /dev/null");
        second.ask("yes other | head -c 1048576 > /tmp/p;"
                + " dd if=/tmp/p of=/dev/nvme0n1 bs=64k oflag=direct 2> /dev/null");

        assertThat(second.ask("cat /sys/class/nvme/nvme0/serial").strip()).isEqualTo("vf1");
        assertThat(first.ask(
                        "dd if=" + shared + " bs=64k count=16 iflag=direct 2> /dev/null | cmp - /tmp/p && echo same"))
                .isEqualTo("same");
        assertThat(second.ask(
                        "dd if=/dev/nvme0n1 bs=64k count=16 iflag=direct 2> /dev/null | cmp - /tmp/p && echo same"))
                .isEqualTo("same");
        assertThat(start("d2")).startsWith("first\n");
        assertThat(start("d3")).startsWith("other\n");
        assertThat(start("d1")).startsWith("\0\0");
    }

    private String start(String drive) throws IOException {
        var bytes = new byte[12];
        try (var file = new RandomAccessFile(image(drive).toFile(), "r")) {
            file.readFully(bytes);
        }
        return new String(bytes, java.nio.charset.StandardCharsets.US_ASCII);
    }

    /// The machine takes the memory away from its devices while the disk is read; the guest has errors, and lives.
    @Test
    @Order(5)
    void withTheMemoryTakenAwayTheGuestHasErrorsAndNothingLands() {
        first.ask("echo 3 > /sys/module/nvme_core/parameters/io_timeout;"
                + " echo 3 > /sys/module/nvme_core/parameters/admin_timeout");
        first.ask("dd if=" + alone + " of=/dev/null bs=128k iflag=direct 2> /tmp/e & sleep 0.3");

        long unmapped = unmapAll();

        assertThat(unmapped).as("all but the hole below 1 MiB").isEqualTo((512L << 20) - (128 << 10));
        first.ask("wait");
        assertThat(first.ask("cat /tmp/e; dd if=" + alone + " of=/dev/null bs=4k count=1 iflag=direct 2>&1"))
                .containsIgnoringCase("error");
        assertThat(first.ask("echo alive")).isEqualTo("alive");
        assertThat(second.ask(
                        "dd if=/dev/nvme0n1 bs=64k count=16 iflag=direct 2> /dev/null | cmp - /tmp/p && echo same"))
                .isEqualTo("same");
    }

    private long unmapAll() {
        var bytes = new ArrayList<Long>();
        for (var process : host.kernel().processes()) {
            for (int fd : process.descriptors()) {
                if (process.file(fd) instanceof Iommufd && isFirst(process)) {
                    bytes.add(process.ioctl(fd, IoasUnmap.all(1)));
                }
            }
        }
        assertThat(bytes).hasSize(1);
        return bytes.getFirst();
    }

    /// The first machine's process was started first.
    private boolean isFirst(Process process) {
        return process.pid() == host.kernel().processes().getFirst().pid();
    }
}
