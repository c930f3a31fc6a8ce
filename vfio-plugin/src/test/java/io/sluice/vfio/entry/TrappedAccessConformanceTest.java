package io.sluice.vfio.entry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.iommufd.Iommufd;
import io.sluice.vfio.vfio.DeviceRequests.DetachIommufdPt;
import io.sluice.vfio.vfio.VfioDeviceFile;
import io.sluice.vmm.machine.BootSector;
import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.qapi.RunState;
import io.sluice.vmm.testkit.MachineRig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A vCPU that is stopped in an access that traps, while what the device stands on goes away: everything ends, nothing
/// waits for the guest, and the guest sees the value that is written down in docs/vfio.md.
@Timeout(120)
class TrappedAccessConformanceTest extends TrapStage {
    // ---- the memory's provider goes away

    @Test
    void memoryIsUnmappedWhileTheGuestIsInsideTheDevice() throws Exception {
        hold();
        try (var rig = start(guest().show(PINS).show(HELD).show(PLAIN).halt())) {
            awaitTrap();

            unmapAll();
            go.countDown();

            rig.console().await(DONE + "%08X ".formatted(Errno.ENOENT.number()) + PLAIN_SHOWN, SOON);
        }
    }

    @Test
    void memoryIsUnmappedWhileTheGuestWaitsForTheDevice() throws Exception {
        try (var rig = start(guest().takeInput().show(PINS).show(PLAIN).halt())) {
            var strand = instance.node().strand();
            var busy = busy(rig, strand);

            unmapAll();
            assertThat(strand.backlog()).isEqualTo(1);
            go.countDown();
            ends(busy);

            rig.console().await("%08X ".formatted(Errno.ENOENT.number()) + PLAIN_SHOWN, SOON);
        }
    }

    @Test
    void theProcessEndsWhileTheGuestWaitsForAFunctionOfTheHost() throws Exception {
        var config = guest().takeInput()
                .show(PLAIN)
                .takeInput()
                .show(PLAIN)
                .halt()
                .config(directory, LIFE, "vfio-pci,addr=5,host=edu0");
        try (var rig = MachineRig.start(withHost(config), plugins())) {
            var busy = busy(rig, host.functions().getLast().pci().strand());

            var exit = waiting(process()::exit);
            go.countDown();
            ends(busy);
            ends(exit);

            rig.console().await(EDU_SHOWN, SOON);
            assertThat(host.isInUse()).isFalse();
            assertThat(host.kernel().frames().pinned()).isZero();
            rig.console().type("x");
            rig.console().await(NOTHING_THERE, SOON);
        }
    }

    @Test
    void theIommufdIsClosedWhileTheGuestIsInsideTheDevice() throws Exception {
        hold();
        try (var rig = start(guest().show(HELD).show(PINS).halt())) {
            awaitTrap();

            process().close(fd(Iommufd.class));
            process().open("/dev/iommu"); // takes the same number, which the machine closes in the end
            go.countDown();

            rig.console().await(DONE + DONE, SOON);
        }
    }

    @Test
    void theProcessEndsWhileTheGuestIsInsideTheDevice() throws Exception {
        hold();
        try (var rig = start(guest().show(HELD).takeInput().show(PLAIN).halt())) {
            awaitTrap();

            var exit = waiting(process()::exit);
            go.countDown();
            ends(exit);

            rig.console().await(DONE, SOON);
            assertThat(instance.isOpen()).isFalse();
            assertThat(host.kernel().frames().pinned()).isZero();
            rig.console().type("x");
            rig.console().await(NOTHING_THERE, SOON);
        }
    }

    // ---- a device's file is closed during its pin

    @Test
    void theDevicesFileIsClosedDuringItsPin() throws Exception {
        driver.on(HELD, context -> {
            try (var pin = context.dma().pin(TARGET, PAGE, true)) {
                stop();
                return pin.write(TARGET, new byte[8], 0, 8) ? 0 : -2;
            }
        });
        try (var rig = start(guest().show(HELD).takeInput().show(PLAIN).halt())) {
            awaitTrap();
            int device = fd(VfioDeviceFile.class);

            var close = waiting(() -> process().close(device));
            go.countDown();
            ends(close);
            process().open("/dev/iommu"); // takes the same number, which the machine closes in the end

            rig.console().await(DONE, SOON);
            assertThat(host.kernel().frames().pinned()).isZero();
            rig.console().type("x");
            rig.console().await(NOTHING_THERE, SOON);
        }
    }

    // ---- from inside the end of a transfer

    @Test
    void theDeviceUnmapsFromInsideItsCompletion() throws Exception {
        driver.on(HELD, context -> {
            try (var pin = context.dma().pin(TARGET, PAGE, true)) {
                assertThat(pin.write(TARGET, new byte[8], 0, 8)).isTrue();
                unmapAll();
                return pin.write(TARGET, new byte[8], 0, 8) ? 0 : -2;
            }
        });
        try (var rig = start(guest().show(HELD).show(PINS).show(PLAIN).halt())) {
            rig.console().await("FFFFFFFE %08X ".formatted(Errno.ENOENT.number()) + PLAIN_SHOWN, SOON);
        }
    }

    @Test
    void theMachineIsNotDetachedFromInsideACompletion() throws Exception {
        driver.on(HELD, context -> {
            try {
                process().ioctl(fd(VfioDeviceFile.class), new DetachIommufdPt());
                return 0;
            } catch (HostException e) {
                return e.errno().number();
            }
        });
        try (var rig = start(guest().show(HELD).show(PINS).halt())) {
            rig.console().await("%08X ".formatted(Errno.EDEADLOCK.number()) + DONE, SOON);
        }
    }

    @Test
    void theDevicesFileIsClosedFromInsideACompletion() throws Exception {
        driver.on(HELD, context -> {
            process().close(fd(VfioDeviceFile.class));
            process().open("/dev/iommu"); // takes the same number, which the machine closes in the end
            return pin(context);
        });
        try (var rig = start(guest().show(HELD).takeInput().show(PLAIN).halt())) {
            rig.console().await(DONE, SOON);

            await().atMost(SOON).until(() -> !instance.isOpen());

            rig.console().type("x");
            rig.console().await(NOTHING_THERE, SOON);
        }
    }

    // ---- the machine stops, the device is taken away

    @Test
    void theMachineIsPausedWhileTheGuestIsInsideTheDevice() throws Exception {
        hold(() -> 7);
        try (var rig = start(guest().show(HELD).show(PLAIN).halt())) {
            awaitTrap();

            var pause = waiting(() -> rig.ask(Machine::pause));
            go.countDown();
            ends(pause);
            assertThat(rig.runState()).isEqualTo(RunState.PAUSED);
            rig.ask(Machine::resume);

            rig.console().await("00000007 " + PLAIN_SHOWN, SOON);
        }
    }

    @Test
    void theMachineIsClosedWhileTheGuestIsInsideTheDevice() throws Exception {
        hold();
        var rig = start(guest().show(HELD).halt());
        awaitTrap();

        var close = waiting(rig::close);
        go.countDown();
        ends(close);

        assertThat(instance.isOpen()).isFalse();
    }

    @Test
    void theDeviceIsUnpluggedWhileTheGuestIsInsideIt() throws Exception {
        hold();
        var guest = new BootSector().reach(1, 0).show(HELD).slotDriver();
        try (var rig = start(
                guest,
                "pcie-root-port,id=rp1,chassis=1,addr=1",
                "vfio-pci,id=dev,bus=rp1,sysfsdev=" + instance.path())) {
            awaitTrap();

            rig.ask(machine -> {
                machine.unplugDevice("dev");
                return true;
            });
            assertThat(instance.isOpen()).isTrue();
            go.countDown();

            rig.console().await(DONE, SOON);
            rig.console().await("d", SOON);
            await().atMost(SOON).until(() -> !instance.isOpen());
            assertThat(rig.deviceEvents()).anyMatch(event -> event.startsWith("DEVICE_DELETED"));
        }
    }

    @Test
    void theInstanceIsRemovedWhileTheGuestIsInsideIt() throws Exception {
        hold();
        try (var rig = start(guest().show(HELD).show(PLAIN).halt())) {
            awaitTrap();

            var removal = waiting(() -> host.mdevs().remove(instance.uuid()));
            go.countDown();
            ends(removal);

            rig.console().await(DONE + PLAIN_SHOWN, SOON);
            assertThat(instance.isLeaving()).isTrue();
        }
        assertThat(host.mdevs().instances()).isEmpty();
    }
}
