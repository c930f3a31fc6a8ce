package io.sluice.vfio.mdev;

import static io.sluice.vfio.mdev.MdevRig.PAGE;
import static io.sluice.vfio.mdev.MdevRig.refused;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.iommufd.HwptAlloc;
import io.sluice.vfio.iommufd.IoasAlloc;
import io.sluice.vfio.iommufd.IoasUnmap;
import io.sluice.vfio.iommufd.IommuDestroy;
import io.sluice.vfio.vfio.DeviceRequests.AttachIommufdPt;
import io.sluice.vfio.vfio.DeviceRequests.BindIommufd;
import io.sluice.vfio.vfio.DeviceRequests.DetachIommufdPt;
import io.sluice.vfio.vfio.DeviceRequests.Reset;
import io.sluice.vmm.address.Pasid;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The three ways in which an instance reaches its user's memory, and that it reaches no other.
@Timeout(120)
class MdevDmaConformanceTest {
    private static final long IOVA = 0x100000;

    private final MdevRig rig = new MdevRig();
    private final MdevRig.Vm vm = rig.new Vm();
    private final byte[] bytes = {1, 2, 3, 4};

    @AfterEach
    void close() {
        vm.close();
        rig.close();
    }

    // ---- pinned

    @Test
    void anInstanceReachesNothingBeforeItIsAttached() {
        var instance = rig.create("pinned");
        vm.map(IOVA, 0, PAGE);
        var dma = rig.last().dma();

        assertThat(dma.write(IOVA, bytes, 0, 4)).isFalse();
        refused(Errno.ENOENT, () -> dma.pin(IOVA, PAGE, true));
        vm.open(instance);
        assertThat(dma.write(IOVA, bytes, 0, 4)).isFalse();
        refused(Errno.ENOENT, () -> dma.pin(IOVA, PAGE, true));

        assertThat(dma.refused()).isEqualTo(2);
        assertThat(vm.at(0)).isZero();
    }

    @Test
    void anAttachedInstanceReadsWritesAndPins() {
        int fd = vm.openAttached(rig.create("pinned"));
        vm.map(IOVA, 0, 2 * PAGE);
        var dma = rig.last().dma();

        assertThat(dma.write(IOVA + PAGE - 2, bytes, 0, 4)).isTrue();
        assertThat(vm.at(PAGE + 1)).isEqualTo((byte) 4);
        var back = new byte[4];
        assertThat(dma.read(IOVA + PAGE - 2, back, 0, 4)).isTrue();
        assertThat(back).isEqualTo(bytes);
        try (var pin = dma.pin(IOVA, 2 * PAGE, true)) {
            assertThat(pin.write(IOVA + 8, bytes, 0, 4)).isTrue();
            assertThat(pin.read(IOVA + 2 * PAGE, back, 0, 1)).isFalse();
        }
        assertThat(vm.at(8)).isEqualTo((byte) 1);
        assertThat(rig.kernel.frames().pinned()).isZero();
        assertThat(vm.process.descriptors()).contains(fd);
    }

    @Test
    void whatIsUnmappedIsGivenBackBeforeTheUnmappingReturns() {
        vm.openAttached(rig.create("pinned"));
        vm.map(IOVA, 0, PAGE);
        vm.map(IOVA + PAGE, PAGE, PAGE);
        var dma = rig.last().dma();
        var pin = dma.pin(IOVA, PAGE, true);
        var other = dma.pin(IOVA + PAGE, PAGE, true);

        vm.process.ioctl(vm.iommufd, new IoasUnmap(vm.ioas, IOVA, PAGE));

        assertThat(pin.isAlive()).isFalse();
        assertThat(pin.write(IOVA, bytes, 0, 4)).isFalse();
        assertThat(dma.write(IOVA, bytes, 0, 4)).isFalse();
        assertThat(other.write(IOVA + PAGE, bytes, 0, 4)).isTrue();
        pin.close();
        assertThat(vm.at(0)).isZero();
        assertThat(rig.kernel.frames().pinned()).isEqualTo(PAGE);
    }

    @Test
    void detachingAndReplacingGiveEverythingBack() {
        int fd = vm.openAttached(rig.create("pinned"));
        vm.map(IOVA, 0, PAGE);
        var dma = rig.last().dma();
        var pin = dma.pin(IOVA, PAGE, false);

        int other = vm.process.ioctl(vm.iommufd, new IoasAlloc(0));
        assertThat(vm.process.ioctl(fd, new AttachIommufdPt(other))).isEqualTo(other);
        assertThat(pin.isAlive()).isFalse();
        assertThat(dma.read(IOVA, bytes, 0, 4)).isFalse();

        vm.process.ioctl(fd, new AttachIommufdPt(vm.ioas));
        assertThat(dma.read(IOVA, bytes, 0, 4)).isTrue();
        vm.process.ioctl(fd, new DetachIommufdPt());
        assertThat(dma.read(IOVA, bytes, 0, 4)).isFalse();
        assertThat(dma.allowed()).isEmpty();
    }

    @Test
    void closingTheFileGivesEverythingBack() {
        int fd = vm.openAttached(rig.create("pinned"));
        vm.map(IOVA, 0, PAGE);
        var pin = rig.last().dma().pin(IOVA, PAGE, true);

        vm.process.close(fd);

        assertThat(pin.isAlive()).isFalse();
        assertThat(rig.kernel.frames().pinned()).isZero();
        assertThat(rig.last().told).containsExactly("attached 0", "detached 0");
    }

    @Test
    void emulatedDevicesAreAttachedToAnIoasAlone() {
        var function = rig.create("function");
        int device = vm.process.ioctl(vm.process.open(function.node().path()), new BindIommufd(vm.iommufd));
        int hwpt = vm.process.ioctl(vm.iommufd, HwptAlloc.plain(0, device, vm.ioas));
        int fd = vm.open(rig.create("pinned"));

        refused(Errno.ENOENT, () -> vm.process.ioctl(fd, new AttachIommufdPt(hwpt)));
        refused(Errno.EOPNOTSUPP, () -> vm.process.ioctl(fd, new AttachIommufdPt(1, vm.ioas, 5)));
        refused(Errno.ENOENT, () -> vm.process.ioctl(fd, new AttachIommufdPt(9999)));
        assertThat(vm.process.ioctl(fd, new AttachIommufdPt(vm.ioas))).isEqualTo(vm.ioas);
    }

    @Test
    void neitherDeviceNorAccessIsDestroyedByItsUser() {
        int fd = vm.process.open(rig.create("pinned").node().path());
        int access = vm.process.ioctl(fd, new BindIommufd(vm.iommufd));

        refused(Errno.EBUSY, () -> vm.process.ioctl(vm.iommufd, new IommuDestroy(access)));
        vm.process.close(fd);
        refused(Errno.ENOENT, () -> vm.process.ioctl(vm.iommufd, new IommuDestroy(access)));
    }

    @Test
    void readOnlyMemoryIsNotWritten() {
        vm.openAttached(rig.create("pinned"));
        vm.process.ioctl(
                vm.iommufd,
                new io.sluice.vfio.iommufd.IoasMapFile(
                        io.sluice.vfio.iommufd.IoasMap.FIXED_IOVA | io.sluice.vfio.iommufd.IoasMap.READABLE,
                        vm.ioas,
                        vm.memfd,
                        0,
                        PAGE,
                        IOVA));
        var dma = rig.last().dma();

        assertThat(dma.write(IOVA, bytes, 0, 4)).isFalse();
        assertThat(dma.read(IOVA, bytes, 0, 4)).isTrue();
        refused(Errno.EPERM, () -> dma.pin(IOVA, PAGE, true));
        refused(Errno.EINVAL, () -> dma.pin(IOVA + 1, PAGE, false));
        refused(Errno.EINVAL, () -> dma.pin(IOVA, 0, false));
        refused(Errno.ENOENT, () -> dma.pin(IOVA, 2 * PAGE, false));
    }

    // ---- a requester id of its own

    @Test
    void aVirtualFunctionHasDmaByItsOwnRequesterId() {
        var instance = rig.create("function");
        var mine = rig.last();
        int fd = vm.openAttached(instance);
        vm.map(IOVA, 0, PAGE);

        assertThat(mine.dma().write(IOVA, bytes, 0, 4)).isTrue();
        assertThat(vm.at(3)).isEqualTo((byte) 4);
        refused(Errno.EOPNOTSUPP, () -> mine.dma().pin(IOVA, PAGE, true));
        vm.process.ioctl(fd, new DetachIommufdPt());
        assertThat(mine.dma().write(IOVA, bytes, 0, 4)).isFalse();
    }

    @Test
    void twoMachinesShareADeviceByItsFunctionsAndNotTheirMemory() {
        try (var other = rig.new Vm()) {
            var one = rig.create("function");
            var first = rig.last();
            var two = rig.create("function");
            var second = rig.last();
            vm.openAttached(one);
            other.openAttached(two);
            vm.map(IOVA, 0, PAGE);
            other.map(2 * IOVA, 0, PAGE);

            assertThat(first.dma().write(IOVA, bytes, 0, 4)).isTrue();
            assertThat(second.dma().write(IOVA, bytes, 0, 4)).isFalse();
            assertThat(second.dma().write(2 * IOVA, bytes, 2, 1)).isTrue();

            assertThat(vm.at(0)).isEqualTo((byte) 1);
            assertThat(other.at(0)).isEqualTo((byte) 3);
        }
    }

    // ---- a requester id and PASIDs

    private int pasidTable(MdevRig.Vm user, int device) {
        return user.process.ioctl(user.iommufd, HwptAlloc.plain(HwptAlloc.ALLOC_PASID, device, user.ioas));
    }

    @Test
    void anInstanceUsesOnlyThePasidsThatWereAttachedByItsOwnFile() {
        var queue = rig.create("queue");
        var mine = rig.last();
        int fd = vm.process.open(queue.node().path());
        int device = vm.process.ioctl(fd, new BindIommufd(vm.iommufd));
        vm.map(IOVA, 0, PAGE);
        int table = pasidTable(vm, device);
        refused(Errno.EOPNOTSUPP, () -> vm.process.ioctl(fd, new AttachIommufdPt(vm.ioas)));
        assertThat(mine.dma().write(7, IOVA, bytes, 0, 4)).isFalse();

        assertThat(vm.process.ioctl(fd, new AttachIommufdPt(1, table, 7))).isEqualTo(table);

        assertThat(mine.dma().allowed()).containsExactly(7);
        assertThat(mine.dma().write(7, IOVA, bytes, 0, 4)).isTrue();
        assertThat(mine.dma().write(8, IOVA, bytes, 0, 4)).isFalse();
        assertThat(mine.dma().write(IOVA, bytes, 0, 4)).isFalse();
        vm.process.ioctl(fd, new DetachIommufdPt(1, 7));
        assertThat(mine.dma().allowed()).isEmpty();
        assertThat(mine.dma().write(7, IOVA, bytes, 0, 4)).isFalse();
        vm.process.ioctl(fd, new DetachIommufdPt(1, 7));
    }

    @Test
    void twoInstancesOfOneMachineDoNotShareTheirPasids() {
        var strand = rig.loop.strand();
        var one = rig.create("queue", strand);
        var first = rig.last();
        var two = rig.create("queue", strand);
        var second = rig.last();
        int fd = vm.process.open(one.node().path());
        int device = vm.process.ioctl(fd, new BindIommufd(vm.iommufd));
        int other = vm.process.open(two.node().path());
        vm.process.ioctl(other, new BindIommufd(vm.iommufd));
        vm.map(IOVA, 0, PAGE);
        vm.process.ioctl(fd, new AttachIommufdPt(1, pasidTable(vm, device), 7));

        assertThat(first.dma().write(7, IOVA, bytes, 0, 4)).isTrue();
        assertThat(second.dma().write(7, IOVA, bytes, 0, 4)).isFalse();
        assertThat(second.dma().allowed()).isEmpty();
    }

    @Test
    void twoMachinesShareARequesterIdByTheirPasidsAndNotTheirMemory() {
        try (var other = rig.new Vm()) {
            var strand = rig.loop.strand();
            var one = rig.create("queue", strand);
            var first = rig.last();
            var two = rig.create("queue", strand);
            var second = rig.last();
            int fd = vm.process.open(one.node().path());
            int mine = vm.process.ioctl(fd, new BindIommufd(vm.iommufd));
            int otherFd = other.process.open(two.node().path());
            int others = other.process.ioctl(otherFd, new BindIommufd(other.iommufd));
            vm.map(IOVA, 0, PAGE);
            other.map(IOVA, 0, PAGE);
            vm.process.ioctl(fd, new AttachIommufdPt(1, pasidTable(vm, mine), 7));
            int table = pasidTable(other, others);
            refused(Errno.EBUSY, () -> other.process.ioctl(otherFd, new AttachIommufdPt(1, table, 7)));
            assertThat(second.dma().allowed()).isEmpty();
            other.process.ioctl(otherFd, new AttachIommufdPt(1, table, 8));

            assertThat(first.dma().write(7, IOVA, bytes, 0, 1)).isTrue();
            assertThat(first.dma().write(8, IOVA, bytes, 0, 1)).isFalse();
            assertThat(second.dma().write(8, IOVA, bytes, 1, 1)).isTrue();
            assertThat(second.dma().write(7, IOVA, bytes, 1, 1)).isFalse();
            assertThat(vm.at(0)).isEqualTo((byte) 1);
            assertThat(other.at(0)).isEqualTo((byte) 2);

            vm.process.close(fd);
            other.process.ioctl(otherFd, new AttachIommufdPt(1, table, 7));
            assertThat(second.dma().write(7, IOVA, bytes, 2, 1)).isTrue();
            assertThat(vm.at(0)).isEqualTo((byte) 1);
        }
    }

    @Test
    void whoAttachesAPasidMayPutItIntoEnqcmdUntilItIsDetached() {
        int fd = vm.process.open(rig.create("queue").node().path());
        int device = vm.process.ioctl(fd, new BindIommufd(vm.iommufd));
        int table = pasidTable(vm, device);
        assertThat(vm.process.pasids().isAuthorized(new Pasid(7))).isFalse();

        vm.process.ioctl(fd, new AttachIommufdPt(1, table, 7));
        vm.process.ioctl(fd, new AttachIommufdPt(1, table, 7));
        assertThat(vm.process.pasids().isAuthorized(new Pasid(7))).isTrue();

        vm.process.ioctl(fd, new DetachIommufdPt(1, 7));
        assertThat(vm.process.pasids().isAuthorized(new Pasid(7))).isFalse();
        vm.process.ioctl(fd, new AttachIommufdPt(1, table, 9));
        vm.process.close(fd);
        assertThat(vm.process.pasids().isAuthorized(new Pasid(9))).isFalse();
    }

    // ---- removal

    @ParameterizedTest
    @ValueSource(strings = {"pinned", "function"})
    void aRemovedInstanceReachesNothingOnceItsUserIsGone(String type) {
        var instance = rig.create(type);
        int fd = vm.openAttached(instance);
        vm.map(IOVA, 0, PAGE);
        var mine = rig.last();

        assertThat(rig.bus.remove(instance.uuid())).isFalse();
        assertThat(mine.dma().write(IOVA, bytes, 0, 1)).isTrue();
        refused(Errno.ENOENT, () -> vm.process.open(instance.node().path()));
        vm.process.close(fd);

        assertThat(mine.dma().write(IOVA, bytes, 1, 1)).isFalse();
        assertThat(vm.at(0)).isEqualTo((byte) 1);
        assertThat(mine.told).endsWith("closed");
        refused(Errno.ENODEV, () -> rig.bus.remove(instance.uuid()));
    }

    @Test
    void exitOfTheProcessGivesEverythingBackInWhateverOrder() {
        vm.openAttached(rig.create("pinned"));
        vm.map(IOVA, 0, PAGE);
        var pin = rig.last().dma().pin(IOVA, PAGE, true);

        vm.process.close(vm.iommufd);
        assertThat(pin.write(IOVA, bytes, 0, 4)).isTrue();
        vm.process.exit();

        assertThat(pin.isAlive()).isFalse();
        assertThat(rig.kernel.frames().pinned()).isZero();
    }

    @Test
    void aResetLeavesTheMemoryThatIsAttached() {
        int fd = vm.openAttached(rig.create("pinned"));
        vm.map(IOVA, 0, PAGE);

        vm.process.ioctl(fd, new Reset());

        assertThat(rig.last().dma().read(IOVA, bytes, 0, 4)).isTrue();
    }
}
