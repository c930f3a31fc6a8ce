package io.sluice.vfio.iommufd;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.iommu.StageOne;
import io.sluice.vfio.iommufd.ioas.IovaRange;
import io.sluice.vfio.testkit.FailureSweep;
import io.sluice.vfio.testkit.MockWorld;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The kernel's `iommufd_fail_nth`: each row of it, and every other request that changes something.
@Timeout(120)
final class IommufdFailNthConformanceTest {
    private static final long PAGE = MockWorld.PAGE;
    private static final long AT = MockWorld.APERTURE_START;
    private static final int FIXED_RW = MockWorld.RW | MockWorld.FIXED;

    private final MockWorld world = new MockWorld();
    private final int ioas = world.newIoas();
    private final List<Object> made = new ArrayList<>();

    @AfterEach
    void close() {
        world.close();
    }

    private List<String> sweep(Runnable request) {
        return FailureSweep.sweep(world.steps, world::snapshot, request);
    }

    private IommufdDevice attached() {
        var device = world.device(MockWorld.PASID);
        device.attach(0, ioas);
        return device;
    }

    private IommufdDevice attachedByItsOwn() {
        var device = world.device(MockWorld.PASID);
        device.attach(0, world.ioctl(HwptAlloc.plain(0, device.id(), ioas)));
        return device;
    }

    private record Pinner(boolean needsPinPages) implements AccessOps {
        @Override
        public void unmapped(long iova, long length) {}
    }

    private IommufdAccess access() {
        var access = IommufdAccess.create(world.context(), new Pinner(true));
        world.onClose(access::destroy);
        return access;
    }

    /// Pages of a process that do not follow one another.
    private long scattered(int pages) {
        long buffer = world.buffer(pages * PAGE);
        for (int i = pages - 1; i >= 0; i--) {
            world.process.memory().write(buffer + i * PAGE, new byte[1], 0, 1);
        }
        return buffer;
    }

    // ---- the kernel's rows

    @Test
    void basic() {
        assertThat(sweep(() -> world.ioctl(new IoasAlloc(0)))).contains("iommufd.object.id", "iommufd.ioas.object");
        sweep(() -> world.ioctl(new IoasAllowIovas(ioas, List.of(new IovaRange(AT, AT + 99 * PAGE)))));
        sweep(() ->
                world.ioctl(new IoasMap(FIXED_RW, ioas, world.process.memory().map(PAGE, true), PAGE, AT)));
        sweep(() -> world.ioctl(new IoasCopy(FIXED_RW, ioas, ioas, PAGE, AT + PAGE, AT)));
        assertThat(sweep(() -> world.unmap(ioas, 0, -1))).isEmpty();
    }

    @Test
    void openOfAContext() {
        sweep(() -> world.process.open("/dev/iommu"));
    }

    @Test
    void mapDomain() {
        attached();
        long buffer = scattered(4);

        var failed = sweep(() -> world.mapAt(ioas, buffer, 4 * PAGE, AT));

        assertThat(failed)
                .contains("iommufd.ioas_map.area", "iommufd.pages.charge", "iommufd.domain.map", "iommu.map.node");
    }

    @Test
    void mapFileDomain() {
        attached();
        int memfd = world.memfd(4 * PAGE);

        assertThat(sweep(() -> world.mapFileAt(ioas, memfd, 0, 4 * PAGE, AT))).isNotEmpty();
        assertThat(sweep(() -> world.unmap(ioas, AT, 4 * PAGE))).isEmpty();
    }

    @Test
    void mapTwoDomains() {
        attached();
        attachedByItsOwn();
        long buffer = scattered(8);

        assertThat(sweep(() -> world.mapAt(ioas, buffer, 8 * PAGE, AT))).hasSizeGreaterThan(6);
    }

    @Test
    void copyOfSeveralAreasIntoADomain() {
        long buffer = scattered(8);
        for (int i = 0; i < 4; i++) {
            world.mapAt(ioas, buffer + 2L * i * PAGE, 2 * PAGE, AT + 2L * i * PAGE);
        }
        int other = world.newIoas();
        world.device(MockWorld.PASID).attach(0, other);

        assertThat(sweep(() -> world.ioctl(new IoasCopy(FIXED_RW, other, ioas, 6 * PAGE, AT, AT + PAGE))))
                .hasSizeGreaterThan(12);
    }

    @Test
    void accessRw() {
        var access = access();
        access.attach(ioas);
        world.mapAt(ioas, world.buffer(4 * PAGE), 4 * PAGE, AT);

        sweep(() -> access.write(AT + 10, new byte[5000], 0, 5000));
    }

    @Test
    void accessPin() {
        var access = access();
        assertThat(sweep(() -> access.attach(ioas))).containsExactly("iommufd.access.attach");
        long buffer = scattered(8);
        world.mapAt(ioas, buffer, 4 * PAGE, AT);
        world.mapAt(ioas, buffer + 4 * PAGE, 4 * PAGE, AT + 4 * PAGE);

        assertThat(sweep(() -> access.pin(AT + PAGE, 6 * PAGE, true))).hasSizeGreaterThan(4);
        int other = world.newIoas();
        sweep(() -> access.replace(other));
        assertThat(access.pinCount()).isZero();
    }

    @Test
    void accessPinDomain() {
        attached();
        var access = access();
        access.attach(ioas);
        world.mapAt(ioas, scattered(4), 4 * PAGE, AT);

        sweep(() -> access.pin(AT + PAGE, 2 * PAGE, true));
        assertThat(world.pinned()).isEqualTo(4 * PAGE);
    }

    @Test
    void aDomainBesidePins() {
        var access = access();
        access.attach(ioas);
        world.mapAt(ioas, scattered(6), 6 * PAGE, AT);
        access.pin(AT + PAGE, PAGE, true);
        access.pin(AT + 3 * PAGE, 2 * PAGE, true);
        var device = world.device(MockWorld.PASID);

        assertThat(sweep(() -> device.attach(0, ioas))).hasSizeGreaterThan(10);
        assertThat(world.pinned()).isEqualTo(6 * PAGE);
        assertThat(sweep(() -> device.detach(0))).isEmpty();
        assertThat(world.pinned()).isEqualTo(3 * PAGE);
    }

    @Test
    void device() {
        world.mapAt(ioas, scattered(4), 4 * PAGE, AT);
        var iommu = world.add(MockWorld.PASID, world.unit, world.group());
        sweep(() -> made.add(world.bind(iommu)));
        var device = (IommufdDevice) made.getFirst();
        assertThat(sweep(() -> device.attach(0, ioas))).contains("iommu.set.entry", "iommufd.attach.entry");
        sweep(() -> made.add(world.ioctl(HwptAlloc.plain(HwptAlloc.ALLOC_PASID, device.id(), ioas))));
        int hwpt = (int) made.get(1);
        assertThat(sweep(() -> device.replace(0, hwpt))).contains("iommufd.replace.entry");
        assertThat(sweep(() -> device.attach(100, hwpt))).contains("iommu.set_pasid.entry");
        sweep(() -> made.add(world.ioctl(HwptAlloc.plain(HwptAlloc.ALLOC_PASID, device.id(), ioas))));
        sweep(() -> device.replace(100, (int) made.get(2)));
        assertThat(sweep(() -> device.detach(100))).isEmpty();
        assertThat(sweep(() -> device.detach(0))).isEmpty();
        assertThat(sweep(() -> world.unbind(device))).isEmpty();
    }

    // ---- all the others

    @Test
    void groupsOfSeveralDevices() {
        world.mapAt(ioas, scattered(2), 2 * PAGE, AT);
        var group = world.group();
        var one = world.bind(world.add(MockWorld.PASID, world.unit, group));
        var two = world.bind(world.add(MockWorld.PASID, world.unit, group));
        sweep(() -> one.attach(0, ioas));
        sweep(() -> two.attach(0, ioas));
        int other = world.newIoas();

        assertThat(sweep(() -> two.replace(0, other))).contains("iommufd.ioas.reserve", "iommu.set.entry");
        assertThat(one.attachedTo(0)).isEqualTo(two.attachedTo(0));
    }

    @Test
    void nestedTablesAndFaults() {
        var device = world.device(MockWorld.PASID);
        int parent = world.ioctl(HwptAlloc.plain(HwptAlloc.NEST_PARENT, device.id(), ioas));
        sweep(() -> made.add(world.ioctl(new FaultQueueAlloc(0))));
        int faults = ((FaultQueueAlloc.Answer) made.getFirst()).faultId();
        var nested = new HwptAlloc(
                HwptAlloc.FAULT_ID_VALID, device.id(), parent, HwptAlloc.DATA_VTD_S1, new StageOne(AT, 48, 0), faults);
        sweep(() -> made.add(world.ioctl(nested)));

        assertThat(sweep(() -> device.attach(0, (int) made.get(1)))).contains("iommu.page_requests.listener");
        sweep(() -> device.replace(0, parent));
        assertThat(sweep(() -> device.replace(0, (int) made.get(1)))).contains("iommu.page_requests.listener");
    }

    @Test
    void virtualIommus() {
        world.node.addViommuDriver(world.unit, MockViommu.TYPE, new MockViommu(world.kernel.frames()));
        var device = world.device(MockWorld.PASID);
        int parent = world.ioctl(HwptAlloc.plain(HwptAlloc.NEST_PARENT, device.id(), ioas));
        world.mapAt(ioas, scattered(2), 2 * PAGE, AT);
        var data = new MockViommu.Data(1);
        sweep(() -> made.add(world.ioctl(new ViommuAlloc(0, MockViommu.TYPE, device.id(), parent, data))));
        int viommu = ((ViommuAlloc.Answer) made.getFirst()).viommuId();
        sweep(() -> world.ioctl(new VdeviceAlloc(viommu, device.id(), 7)));
        sweep(() -> world.ioctl(new VeventqAlloc(0, viommu, MockViommu.EVENTS, 2)));
        sweep(() -> world.ioctl(new HwQueueAlloc(0, viommu, MockViommu.QUEUES, 0, AT, PAGE)));
        sweep(() ->
                world.ioctl(new HwptAlloc(0, device.id(), viommu, HwptAlloc.DATA_VTD_S1, new StageOne(AT, 48, 0), 0)));
        long offset = ((MockViommu.Answer)
                        java.util.Objects.requireNonNull(((ViommuAlloc.Answer) made.getFirst()).data()))
                .offset();
        sweep(() -> made.add(world.context().mmap(offset, PAGE, true, false)));
        ((IommufdMapping) made.getLast()).close();
    }

    @Test
    void changeProcess() {
        attached();
        int memfd = world.memfd(4 * PAGE);
        world.mapFileAt(ioas, memfd, 0, 2 * PAGE, AT);
        world.mapFileAt(ioas, memfd, 2 * PAGE, 2 * PAGE, AT + 2 * PAGE);
        var child = world.process.fork();

        assertThat(sweep(() -> child.ioctl(world.fd, new IoasChangeProcess()))).hasSize(2);
    }

    @Test
    void dirtyTracking() {
        var device = world.device(MockWorld.PASID);
        int hwpt = world.ioctl(HwptAlloc.plain(HwptAlloc.DIRTY_TRACKING, device.id(), ioas));

        sweep(() -> world.ioctl(new HwptSetDirtyTracking(HwptSetDirtyTracking.ENABLE, hwpt)));
    }

    @Test
    void theContainersRequests() {
        assertThat(sweep(() -> world.context().compatIoas())).isNotEmpty();
        int compat = world.context().compatIoas();
        world.ioctl(new VfioSetIommu(VfioCheckExtension.TYPE1));
        world.device(MockWorld.PASID).attach(0, compat);
        long buffer = world.buffer(8 * PAGE);
        sweep(() -> world.ioctl(new VfioIommuMapDma(VfioIommuMapDma.READ, buffer, AT, 8 * PAGE)));

        assertThat(sweep(() -> world.ioctl(new VfioIommuUnmapDma(0, AT + 2 * PAGE, 2 * PAGE))))
                .containsExactly("iommufd.ioas_unmap.cut", "iommufd.ioas_unmap.cut");
    }

    @Test
    void accesses() {
        sweep(() -> made.add(IommufdAccess.create(world.context(), new Pinner(false))));

        ((IommufdAccess) made.getFirst()).destroy();
    }
}
