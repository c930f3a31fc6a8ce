package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EADDRINUSE;
import static io.sluice.vfio.host.Errno.EBUSY;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.ENOENT;
import static io.sluice.vfio.host.Errno.ENOMEM;
import static io.sluice.vfio.host.Errno.EPERM;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.iommu.BlockingDomain;
import io.sluice.vfio.host.iommu.DeviceTraits;
import io.sluice.vfio.host.iommu.IommuUnit;
import io.sluice.vfio.host.iommu.ReservedRegion;
import io.sluice.vfio.host.iommu.UnitSettings;
import io.sluice.vfio.iommufd.ioas.IovaRange;
import io.sluice.vfio.testkit.MockWorld;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Who may bind a device, what it is attached to, and what becomes of it all when files are closed.
@Timeout(120)
final class IommufdDeviceTest {
    private static final long PAGE = MockWorld.PAGE;
    private static final long AT = MockWorld.APERTURE_START;

    private final MockWorld world = new MockWorld();
    private final int ioas = world.newIoas();

    @AfterEach
    void close() {
        world.close();
    }

    private static DeviceTraits reserving(ReservedRegion.Kind kind, long first, long last) {
        return new DeviceTraits(0, true, true, true, true, List.of(new ReservedRegion(first, last, kind)));
    }

    private IommuUnit unit(boolean coherency, boolean remapping) {
        var s = world.unit.settings();
        return new IommuUnit(
                new UnitSettings(
                        "odd",
                        s.format(),
                        s.firstAddress(),
                        s.lastAddress(),
                        true,
                        20,
                        true,
                        true,
                        coherency,
                        remapping,
                        0,
                        0),
                world.kernel.frames(),
                world.steps);
    }

    private boolean reaches(IommufdDevice device, long iova) {
        return device.iommu().dma().read(0, iova, new byte[1], 0, 1);
    }

    // ---- ids

    @Test
    void idsBeginAtOneAndTheLowestFreeOneIsNext() {
        int second = world.newIoas();
        int third = world.newIoas();
        world.destroy(second);

        assertThat(ioas).isEqualTo(1);
        assertThat(third).isEqualTo(3);
        assertThat(world.newIoas()).isEqualTo(second);
    }

    @Test
    void anIdMeansNothingInAnotherContext() {
        var stranger = world.process.open("/dev/iommu");

        MockWorld.refused(ENOENT, () -> world.process.ioctl(stranger, new IommuDestroy(ioas)));
        MockWorld.refused(ENOENT, () -> world.process.ioctl(stranger, IommuOption.get(IommuOption.HUGE_PAGES, ioas)));
    }

    @Test
    void devicesAndAccessesAreNotForTheUserToDestroy() {
        var device = world.device(MockWorld.PLAIN);
        var access = IommufdAccess.create(world.context(), new AccessOps() {
            @Override
            public boolean needsPinPages() {
                return false;
            }

            @Override
            public void unmapped(long iova, long length) {}
        });

        world.refused(EBUSY, new IommuDestroy(device.id()));
        world.refused(EBUSY, new IommuDestroy(access.id()));
        access.destroy();
        world.refused(ENOENT, new IommuDestroy(access.id()));
    }

    // ---- bind

    @Test
    void aBoundDeviceReachesNothing() {
        world.mapAt(ioas, world.buffer(PAGE), PAGE, AT);

        var device = world.device(MockWorld.PLAIN);

        assertThat(device.iommu().group().domain(0)).isEqualTo(BlockingDomain.INSTANCE);
        assertThat(device.iommu().group().owner()).isSameAs(world.context());
        assertThat(reaches(device, AT)).isFalse();
    }

    @Test
    void incoherentDmaNeedsAnIommuThatMakesItCoherent() {
        var incoherent = new DeviceTraits(0, true, true, true, false, List.of());
        var weak = world.add(incoherent, unit(false, true), world.group());

        MockWorld.refused(EINVAL, () -> world.bind(weak));

        assertThat(weak.group().owner()).isNull();
        var device = world.device(incoherent);
        device.attach(0, ioas);
        assertThat(MockWorld.domain(device).isCoherent()).isTrue();
    }

    @Test
    void interruptsHaveToBeKeptApartUnlessThatIsWaived() {
        var device = world.add(MockWorld.PLAIN, unit(true, false), world.group());

        MockWorld.refused(EPERM, () -> world.bind(device));
        world.node.allowUnsafeInterrupts(true);
        world.bind(device);
    }

    @Test
    void aGroupHasOneOwner() {
        var group = world.group();
        var one = world.add(MockWorld.PLAIN, world.unit, group);
        var two = world.add(MockWorld.PLAIN, world.unit, group);
        int fd = world.process.open("/dev/iommu");
        var stranger = (Iommufd) world.process.file(fd);
        var first = world.bind(one);

        MockWorld.refused(EPERM, () -> IommufdDevice.bind(stranger, two));
        world.bind(two);
        world.unbind(first);
        MockWorld.refused(EPERM, () -> IommufdDevice.bind(stranger, one));
        assertThat(stranger.objectCount()).isZero();
    }

    @Test
    void aGroupThatTheHostUsesIsNotForBinding() {
        var device = world.add(MockWorld.PLAIN, world.unit, world.group());
        device.group().useNatively();

        MockWorld.refused(EBUSY, () -> world.bind(device));
        device.group().dropNative();
        world.bind(device);
    }

    // ---- attach

    @Test
    void devicesThatNameAnIoasShareATableThatFits() {
        var one = world.device(MockWorld.PLAIN);
        var two = world.device(MockWorld.PLAIN);
        var odd = world.device(
                MockWorld.PLAIN, new IommuUnit(UnitSettings.vtd("dmar0"), world.kernel.frames(), world.steps));
        int manual = world.ioctl(HwptAlloc.plain(0, one.id(), ioas));

        int shared = one.attach(0, ioas);

        assertThat(shared).isNotEqualTo(manual);
        assertThat(two.attach(0, ioas)).isEqualTo(shared);
        assertThat(odd.attach(0, ioas)).isNotEqualTo(shared);
        one.detach(0);
        two.detach(0);
        world.refused(ENOENT, new IommuDestroy(shared));
        world.destroy(manual);
    }

    @Test
    void anErrorOtherThanEinvalEndsTheSearchForATable() {
        var one = world.device(MockWorld.PLAIN);
        one.attach(0, ioas);
        int objects = world.context().objectCount();
        world.mapAt(ioas, world.buffer(PAGE), PAGE, AT);
        var blocked = world.device(reserving(ReservedRegion.Kind.RESERVED, AT, AT + PAGE - 1));

        MockWorld.refused(EADDRINUSE, () -> blocked.attach(0, ioas));

        assertThat(world.context().objectCount()).isEqualTo(objects + 1);
    }

    @Test
    void aSecondDeviceOfAGroupNamesTheSameTable() {
        world.mapAt(ioas, world.buffer(PAGE), PAGE, AT);
        var group = world.group();
        var one = world.bind(world.add(MockWorld.PLAIN, world.unit, group));
        var two = world.bind(world.add(MockWorld.PLAIN, world.unit, group));
        int other = world.newIoas();
        int table = one.attach(0, ioas);
        MockWorld.refused(EINVAL, () -> two.attach(0, other));
        assertThat(two.attach(0, ioas)).isEqualTo(table);

        int moved = one.replace(0, other);

        assertThat(two.attachedTo(0)).isEqualTo(moved);
        world.refused(ENOENT, new IommuDestroy(table));
        one.detach(0);
        assertThat(group.domain(0)).isNotEqualTo(BlockingDomain.INSTANCE);
        two.detach(0);
        assertThat(group.domain(0)).isEqualTo(BlockingDomain.INSTANCE);
        world.destroy(other);
    }

    @Test
    void aReplacementIsWithoutAMomentBetween() {
        int other = world.newIoas();
        world.mapAt(ioas, world.buffer(PAGE), PAGE, AT);
        world.mapAt(other, world.buffer(PAGE), PAGE, AT);
        var device = world.device(MockWorld.PLAIN);
        device.attach(0, ioas);
        var misses = new long[1];
        var stop = new java.util.concurrent.atomic.AtomicBoolean();
        var dma = new Thread(() -> {
            while (!stop.get()) {
                misses[0] += reaches(device, AT) ? 0 : 1;
            }
        });
        dma.start();
        for (int i = 0; i < 500; i++) {
            device.replace(0, i % 2 == 0 ? other : ioas);
        }
        stop.set(true);
        join(dma);

        assertThat(misses[0]).isZero();
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aFailedReplacementLeavesTheOldTable() {
        world.mapAt(ioas, world.buffer(PAGE), PAGE, AT);
        var device = world.device(MockWorld.PLAIN);
        int table = device.attach(0, ioas);
        int other = world.newIoas();
        world.steps.fail("iommu.set.entry", 1, ENOMEM);

        MockWorld.refused(ENOMEM, () -> device.replace(0, other));
        world.steps.disarm();

        assertThat(device.attachedTo(0)).isEqualTo(table);
        assertThat(reaches(device, AT)).isTrue();
        world.destroy(other);
    }

    @Test
    void reservedRegionsCountFromAttachToDetach() {
        var device = world.device(reserving(ReservedRegion.Kind.RESERVED, AT + PAGE, AT + 2 * PAGE - 1));
        var relaxed = world.device(reserving(ReservedRegion.Kind.DIRECT_RELAXABLE, AT + 8 * PAGE, AT + 9 * PAGE - 1));
        device.attach(0, ioas);
        relaxed.attach(0, ioas);
        var hit = new IoasMap(MockWorld.RW | MockWorld.FIXED, ioas, world.buffer(PAGE), PAGE, AT + PAGE);

        world.refused(EINVAL, hit);
        world.mapAt(ioas, world.buffer(PAGE), PAGE, AT + 8 * PAGE);
        device.detach(0);
        world.ioctl(hit);
        MockWorld.refused(EADDRINUSE, () -> device.attach(0, ioas));
    }

    @Test
    void theInterruptWindowOfVtdIsReserved() {
        var vtd = new IommuUnit(UnitSettings.vtd("dmar0"), world.kernel.frames(), world.steps);
        world.device(MockWorld.PLAIN, vtd).attach(0, ioas);

        assertThat(world.ioctl(new IoasIovaRanges(ioas, 10)).ranges())
                .containsExactly(new IovaRange(0, 0xFEDF_FFFFL), new IovaRange(0xFEF0_0000L, (1L << 48) - 1));
    }

    @Test
    void anAreaOutsideTheApertureKeepsATableFromBeingMade() {
        world.mapAt(ioas, world.buffer(PAGE), PAGE, 0);
        var device = world.device(MockWorld.PLAIN);

        world.refused(EADDRINUSE, HwptAlloc.plain(0, device.id(), ioas));
        MockWorld.refused(EADDRINUSE, () -> device.attach(0, ioas));
        assertThat(world.pinned()).isZero();
    }

    @Test
    void aSecondTablePinsNothingMore() {
        var device = world.device(MockWorld.PLAIN);
        device.attach(0, ioas);
        world.mapAt(ioas, world.buffer(3 * PAGE), 3 * PAGE, AT);

        world.ioctl(HwptAlloc.plain(0, device.id(), ioas));

        assertThat(world.pinned()).isEqualTo(3 * PAGE);
        assertThat(world.process.memory().pinnedPages()).isEqualTo(3);
        device.detach(0);
        assertThat(world.pinned()).isEqualTo(3 * PAGE);
    }

    // ---- closing, in any order

    @Test
    void aContextOutlivesItsDescriptorWhileADeviceIsBound() {
        int fd = world.process.open("/dev/iommu");
        var context = (Iommufd) world.process.file(fd);
        int table = world.process.ioctl(fd, new IoasAlloc(0));
        long buffer = world.buffer(PAGE);
        world.process.ioctl(fd, new IoasMap(MockWorld.RW | MockWorld.FIXED, table, buffer, PAGE, AT));
        var device = IommufdDevice.bind(context, world.add(MockWorld.PLAIN, world.unit, world.group()));
        device.attach(0, table);

        world.process.close(fd);

        assertThat(context.isReleased()).isFalse();
        assertThat(reaches(device, AT)).isTrue();
        device.unbind();
        assertThat(context.isReleased()).isTrue();
        assertThat(world.pinned()).isZero();
        assertThat(reaches(device, AT)).isFalse();
    }

    @Test
    void unbindingTakesTheDeviceOffEverything() {
        world.mapAt(ioas, world.buffer(PAGE), PAGE, AT);
        var device = world.device(MockWorld.PASID);
        int table = world.ioctl(HwptAlloc.plain(HwptAlloc.ALLOC_PASID, device.id(), ioas));
        device.attach(0, table);
        device.attach(7, table);

        world.unbind(device);

        assertThat(device.iommu().dma().read(7, AT, new byte[1], 0, 1)).isFalse();
        assertThat(device.iommu().group().owner()).isNull();
        world.destroy(table);
    }

    @Test
    void everythingGoesWithTheLastDescriptor() {
        int fd = world.process.open("/dev/iommu");
        var device = IommufdDevice.bind(
                (Iommufd) world.process.file(fd), world.add(MockWorld.PASID, world.unit, world.group()));
        int table = world.process.ioctl(fd, new IoasAlloc(0));
        int memfd = world.memfd(PAGE);
        world.process.ioctl(fd, new IoasMapFile(MockWorld.RW | MockWorld.FIXED, table, memfd, 0, PAGE, AT));
        int parent = world.process.ioctl(fd, HwptAlloc.plain(HwptAlloc.NEST_PARENT, device.id(), table));
        var queue = world.process.ioctl(fd, new FaultQueueAlloc(0));
        world.process.ioctl(
                fd,
                new HwptAlloc(
                        HwptAlloc.FAULT_ID_VALID,
                        device.id(),
                        parent,
                        HwptAlloc.DATA_VTD_S1,
                        new io.sluice.vfio.host.iommu.StageOne(AT, 48, 0),
                        queue.faultId()));
        var context = (Iommufd) world.process.file(fd);

        device.unbind();
        world.process.close(fd);
        assertThat(context.isReleased()).isFalse();
        world.process.close(queue.fd());

        assertThat(context.isReleased()).isTrue();
        assertThat(context.objectCount()).isZero();
        assertThat(world.pinned()).isZero();
    }
}
