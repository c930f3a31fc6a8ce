package io.sluice.guest.boot;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.GuestCache;
import io.sluice.guest.baremetal.HelloGuest;
import io.sluice.guest.testkit.Inventory;
import io.sluice.guest.testkit.Leftovers;
import io.sluice.vmm.machine.CharTarget;
import io.sluice.vmm.machine.DriveInfo;
import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.machine.MachineConfig.Part;
import io.sluice.vmm.machine.ShutdownCause;
import io.sluice.vmm.testkit.MachineRig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A mediated device, or a disk, that comes and goes two hundred times, with a reset now and then while it is in, or
/// while it is
/// asked for.
@Timeout(120)
class HotPlugLeftoversTest {
    private static final Duration SOON = Duration.ofSeconds(90);
    private static final int TIMES = 200;
    private static final String CARD = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";

    private static MachineConfig config() {
        var guest = new HelloGuest(GuestCache.ofUser()).prepare((what, done, total) -> {});
        return new MachineConfig(
                "hello",
                new UUID(1, 2),
                64L << 20,
                new MachineConfig.Cpus(1, "max"),
                new MachineConfig.Boot(guest.kernel(), guest.initrd(), guest.append(), true),
                List.of(new CharTarget.Stdio(false)),
                null,
                List.of(new Part("pcie-root-port", Map.of("id", "rp1"))),
                List.of(),
                List.of(),
                new MachineConfig.Rtc(0),
                MachineConfig.Life.STANDARD,
                new MachineConfig.Log(Set.of(), null));
    }

    private static void plugAndUnplug(Machine machine, boolean used, boolean asked) {
        machine.addObject(new Part("mdev", Map.of("id", "m0", "type", "mtty-2", "uuid", CARD)));
        machine.addDevice(
                new Part("vfio-pci", Map.of("id", "n0", "bus", "rp1", "sysfsdev", "/sys/bus/mdev/devices/" + CARD)));
        if (used) {
            // Firmware switches the slot on and places the card.
            machine.reset(ShutdownCause.HOST_QMP_SYSTEM_RESET);
        }
        machine.unplugDevice("n0");
        if (asked) {
            machine.reset(ShutdownCause.HOST_QMP_SYSTEM_RESET);
        }
        machine.removeObject("m0");
    }

    private static void plugAndUnplugDisk(Machine machine, boolean used) {
        machine.addDevice(new Part("nvme", Map.of("id", "n0", "bus", "rp1", "serial", "s", "drive", "d0")));
        if (used) {
            machine.reset(ShutdownCause.HOST_QMP_SYSTEM_RESET);
        }
        machine.unplugDevice("n0");
        if (used) {
            machine.reset(ShutdownCause.HOST_QMP_SYSTEM_RESET);
        }
    }

    @Test
    void theSameDiskTwoHundredTimesLeavesNothing(@TempDir Path directory) throws IOException {
        var image = Files.write(directory.resolve("d0.img"), new byte[1 << 20]);
        var config = config().withDrives(List.of(new MachineConfig.Drive("d0", image, false)));
        var atFirst = Leftovers.now();
        MachineRig.start(config).close();

        try (var rig = MachineRig.start(config)) {
            rig.console().await("hello> ", SOON);
            var before = Leftovers.now();
            for (int i = 0; i < TIMES; i++) {
                boolean used = i % 20 == 10;
                rig.ask(machine -> {
                    plugAndUnplugDisk(machine, used);
                    return true;
                });
            }

            assertThat(rig.deviceEvents()).hasSize(TIMES);
            assertThat(before.since()).isEmpty();
            assertThat(rig.ask(Machine::drives)).extracting(DriveInfo::device).containsOnlyNulls();
        }
        assertThat(atFirst.since()).noneMatch(left -> left.contains("d0"));
    }

    @Test
    void theSameCardTwoHundredTimesLeavesNothing() {
        MachineRig.start(config()).close();

        try (var rig = MachineRig.start(config())) {
            rig.console().await("hello> ", SOON);
            var before = Leftovers.now();
            var inventory = Inventory.of(rig);
            for (int i = 0; i < TIMES; i++) {
                boolean used = i % 20 == 10;
                rig.ask(machine -> {
                    plugAndUnplug(machine, used, used);
                    return true;
                });
            }

            assertThat(rig.deviceEvents())
                    .hasSize(TIMES)
                    .containsOnly("DEVICE_DELETED {device=n0, path=/machine/peripheral/n0}");
            assertThat(before.since()).isEmpty();
            assertThat(Inventory.of(rig).differences(inventory)).isEmpty();
            assertThat(inventory.strands()).containsKey("{group=device}");
            assertThat(rig.ask(Machine::devices)).hasSize(1);
            assertThat(rig.ask(Machine::objects)).isEmpty();
            assertThat(rig.hasEnded()).isFalse();
        }
    }
}
