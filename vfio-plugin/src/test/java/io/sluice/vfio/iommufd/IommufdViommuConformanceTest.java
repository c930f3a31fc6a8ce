package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EBUSY;
import static io.sluice.vfio.host.Errno.EEXIST;
import static io.sluice.vfio.host.Errno.EFAULT;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.EIO;
import static io.sluice.vfio.host.Errno.ENOENT;
import static io.sluice.vfio.host.Errno.ENXIO;
import static io.sluice.vfio.host.Errno.EOPNOTSUPP;
import static io.sluice.vfio.host.Errno.EOVERFLOW;
import static io.sluice.vfio.host.Errno.EPERM;
import static io.sluice.vfio.host.Errno.ESPIPE;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.iommu.DmaOperation;
import io.sluice.vfio.host.iommu.StageOne;
import io.sluice.vfio.testkit.MockWorld;
import io.sluice.vmm.testkit.FakeLoop;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The kernel's fixture `iommufd_viommu`.
@Timeout(120)
final class IommufdViommuConformanceTest {
    private static final long PAGE = MockWorld.PAGE;
    private static final long AT = MockWorld.APERTURE_START;
    private static final StageOne TABLE = new StageOne(AT, 48, 0);

    private final MockWorld world = new MockWorld();
    private final MockViommu driver = new MockViommu(world.kernel.frames());
    private final IommufdDevice device = world.device(MockWorld.PASID);
    private int ioas;
    private int parent;
    private int viommu;

    @BeforeEach
    void setUp() {
        world.node.addViommuDriver(world.unit, MockViommu.TYPE, driver);
        ioas = world.newIoas();
        parent = world.ioctl(HwptAlloc.plain(HwptAlloc.NEST_PARENT, device.id(), ioas));
        world.mapAt(ioas, world.buffer(PAGE), PAGE, AT);
        viommu = viommu(null);
    }

    private int viommu(MockViommu.@Nullable Data data) {
        return world.ioctl(new ViommuAlloc(0, MockViommu.TYPE, device.id(), parent, data))
                .viommuId();
    }

    private MockViommu.MockPort port() {
        return Objects.requireNonNull(driver.port);
    }

    @AfterEach
    void close() {
        world.close();
    }

    private HwptAlloc nested(int flags, int fault) {
        return new HwptAlloc(flags, device.id(), viommu, HwptAlloc.DATA_VTD_S1, TABLE, fault);
    }

    @Test
    void viommuAutoDestroy() {}

    @Test
    void viommuNegativeTests() {
        int plain = world.ioctl(HwptAlloc.plain(0, device.id(), ioas));

        world.refused(ENOENT, new ViommuAlloc(0, MockViommu.TYPE, 999, parent, null));
        world.refused(ENOENT, new ViommuAlloc(0, MockViommu.TYPE, device.id(), 999, null));
        world.refused(ENOENT, new ViommuAlloc(0, MockViommu.TYPE, device.id(), ioas, null));
        world.refused(EINVAL, new ViommuAlloc(0, MockViommu.TYPE, device.id(), plain, null));
        world.refused(EOPNOTSUPP, new ViommuAlloc(0, ViommuAlloc.TYPE_DEFAULT, device.id(), parent, null));
        world.refused(EOPNOTSUPP, new ViommuAlloc(0, 5, device.id(), parent, null));
        world.refused(EOPNOTSUPP, new ViommuAlloc(1, MockViommu.TYPE, device.id(), parent, null));
        world.refused(EINVAL, new ViommuAlloc(0, MockViommu.TYPE, device.id(), parent, "junk"));
        world.refused(EBUSY, new IommuDestroy(parent));
        world.destroy(viommu);
        world.destroy(parent);
    }

    @Test
    void aNestedTableOfAViommuHoldsIt() {
        int nested = world.ioctl(nested(0, 0));

        world.refused(EBUSY, new IommuDestroy(viommu));
        world.destroy(nested);
        world.refused(EOPNOTSUPP, nested(HwptAlloc.NEST_PARENT, 0));
        world.refused(EOPNOTSUPP, new HwptAlloc(0, device.id(), viommu, 0, null, 0));
        world.refused(EOPNOTSUPP, new HwptAlloc(0, device.id(), viommu, 5, "junk", 0));
        var other = world.device(MockWorld.PASID, world.newUnit("mock1", false));
        world.refused(EINVAL, new HwptAlloc(0, other.id(), viommu, HwptAlloc.DATA_VTD_S1, TABLE, 0));
        world.destroy(viommu);
    }

    @Test
    void viommuAllocNestedIopf() {
        var queue = world.ioctl(new FaultQueueAlloc(0));
        world.refused(ENOENT, nested(HwptAlloc.FAULT_ID_VALID, 999));
        int asking = world.ioctl(nested(HwptAlloc.FAULT_ID_VALID, queue.faultId()));
        world.refused(EBUSY, new IommuDestroy(queue.faultId()));

        MockWorld.refused(ENOENT, () -> device.attach(0, asking));
        world.ioctl(new VdeviceAlloc(viommu, device.id(), 0x99));
        device.attach(0, asking);
        world.refused(EBUSY, new IommuDestroy(asking));

        var operation = new DmaOperation(new FakeLoop().newStrand(), (which, whole) -> {});
        device.iommu().dma().request(operation, 0, 0x5000, new byte[8], 0, 8, false);
        assertThat(world.process.read(queue.fd(), new byte[40], 0, 40)).isEqualTo(40);
    }

    @Test
    void viommuAllocWithData() {
        var data = world.ioctl(new ViommuAlloc(0, MockViommu.TYPE, device.id(), parent, new MockViommu.Data(0xBADBEEF)))
                .data();
        var answer = (MockViommu.Answer) Objects.requireNonNull(data);
        assertThat(answer.out()).isEqualTo(0xBADBEEF);
        int owner = viommu + 1;
        var context = world.context();

        MockWorld.refused(ENXIO, () -> context.mmap(answer.offset() + PAGE, answer.length(), true, false));
        MockWorld.refused(ENXIO, () -> context.mmap(answer.offset(), 2 * answer.length(), true, false));
        MockWorld.refused(EINVAL, () -> context.mmap(answer.offset(), 5, true, false));
        MockWorld.refused(EINVAL, () -> context.mmap(answer.offset(), answer.length(), false, false));
        MockWorld.refused(EPERM, () -> context.mmap(answer.offset(), answer.length(), true, true));
        var mapping = context.mmap(answer.offset(), answer.length(), true, false);

        assertThat(mapping.memory().length()).isEqualTo(PAGE);
        world.refused(EBUSY, new IommuDestroy(owner));
        mapping.close();
        mapping.close();
        world.destroy(owner);
        MockWorld.refused(ENXIO, () -> context.mmap(answer.offset(), answer.length(), true, false));
    }

    @Test
    void vdeviceAlloc() {
        world.refused(ENOENT, new VdeviceAlloc(999, device.id(), 1));
        world.refused(ENOENT, new VdeviceAlloc(viommu, 999, 1));
        int vdevice = world.ioctl(new VdeviceAlloc(viommu, device.id(), 0x99));
        world.refused(EEXIST, new VdeviceAlloc(viommu, device.id(), 0x77));
        var second = world.device(MockWorld.PASID);
        world.refused(EEXIST, new VdeviceAlloc(viommu, second.id(), 0x99));
        var other = world.device(MockWorld.PASID, world.newUnit("mock1", false));
        world.refused(EINVAL, new VdeviceAlloc(viommu, other.id(), 0x66));
        world.refused(EBUSY, new IommuDestroy(viommu));

        assertThat(port().host.virtIdOf(device.iommu())).isEqualTo(0x99);
        world.destroy(vdevice);
        assertThat(port().host.virtIdOf(device.iommu())).isEqualTo(-1);
        world.ioctl(new VdeviceAlloc(viommu, device.id(), 0x77));
    }

    private ByteBuffer events(int fd, int length) {
        var bytes = new byte[length];
        int count = world.process.read(fd, bytes, 0, length);
        return ByteBuffer.wrap(bytes, 0, count).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void event(int number) {
        port().host.event(MockViommu.EVENTS, new byte[] {(byte) number, 0, 0, 0});
    }

    @Test
    void eventsComeWithTheirNumbersAndTellWhatWasLost() {
        event(1);
        world.refused(EOPNOTSUPP, new VeventqAlloc(1, viommu, MockViommu.EVENTS, 2));
        world.refused(EOPNOTSUPP, new VeventqAlloc(0, viommu, VeventqAlloc.TYPE_DEFAULT, 2));
        world.refused(EOPNOTSUPP, new VeventqAlloc(0, viommu, 5, 2));
        world.refused(EINVAL, new VeventqAlloc(0, viommu, MockViommu.EVENTS, 0));
        world.refused(ENOENT, new VeventqAlloc(0, 999, MockViommu.EVENTS, 2));
        var queue = world.ioctl(new VeventqAlloc(0, viommu, MockViommu.EVENTS, 2));
        world.refused(EEXIST, new VeventqAlloc(0, viommu, MockViommu.EVENTS, 2));
        assertThat(events(queue.fd(), 100).remaining()).isZero();
        for (int i = 0; i < 5; i++) {
            event(10 + i);
        }

        assertThat(events(queue.fd(), 11).remaining()).isZero();
        var first = events(queue.fd(), 15);
        assertThat(first.remaining()).isEqualTo(12);
        assertThat(first.getInt()).isZero();
        assertThat(first.getInt()).isZero();
        assertThat(first.getInt()).isEqualTo(10);
        var rest = events(queue.fd(), 100);
        assertThat(rest.remaining()).isEqualTo(20);
        assertThat(rest.getInt(4)).isEqualTo(1);
        assertThat(rest.getInt(12)).isEqualTo(VeventqFile.LOST_EVENTS);
        assertThat(rest.getInt(16)).isEqualTo(4);
        event(20);
        var later = events(queue.fd(), 100);
        assertThat(later.getInt(0)).isZero();
        assertThat(later.getInt(4)).isEqualTo(5);

        MockWorld.refused(ESPIPE, () -> world.process.read(queue.fd(), 4, new byte[12], 0, 12));
        world.refused(EBUSY, new IommuDestroy(queue.veventqId()));
        world.refused(EBUSY, new IommuDestroy(viommu));
        world.process.close(queue.fd());
        world.destroy(queue.veventqId());
        world.destroy(viommu);
    }

    @Test
    void vdeviceCache() {
        world.ioctl(new VdeviceAlloc(viommu, device.id(), 0x99));
        var cache = Objects.requireNonNull(port().caches.get(0x99L));
        var good = new MockViommu.Entry(0, 0x99, 0);
        var bad = new MockViommu.Entry(0, 0x99, MockViommu.CACHE_ENTRIES);

        assertThat(world.ioctl(new HwptInvalidate(viommu, MockViommu.INVALIDATE, List.of())))
                .isZero();
        world.refused(EINVAL, new HwptInvalidate(viommu, 0, List.of()));
        assertThat(world.refused(EINVAL, new HwptInvalidate(viommu, MockViommu.INVALIDATE, List.of(good, bad)))
                        .count())
                .isEqualTo(1);
        assertThat(cache)
                .containsExactly(0, MockViommu.DEFAULT_VALUE, MockViommu.DEFAULT_VALUE, MockViommu.DEFAULT_VALUE);
        var flags = new MockViommu.Entry(2, 0x99, 0);
        world.refused(EOPNOTSUPP, new HwptInvalidate(viommu, MockViommu.INVALIDATE, List.of(flags)));
        var unknown = new MockViommu.Entry(0, 0x98, 0);
        world.refused(EINVAL, new HwptInvalidate(viommu, MockViommu.INVALIDATE, List.of(unknown)));
        var all = new MockViommu.Entry(MockViommu.Entry.ALL, 0x99, 0);
        assertThat(world.ioctl(new HwptInvalidate(viommu, MockViommu.INVALIDATE, List.of(all))))
                .isEqualTo(1);
        assertThat(cache).containsOnly(0);
    }

    private HwQueueAlloc queue(int index, long iova, long length) {
        return new HwQueueAlloc(0, viommu, MockViommu.QUEUES, index, iova, length);
    }

    @Test
    void hwQueue() {
        int memfd = world.memfd(8 * PAGE);
        world.mapFileAt(ioas, memfd, 0, 2 * PAGE, AT + 16 * PAGE);
        world.mapFileAt(ioas, memfd, 6 * PAGE, PAGE, AT + 18 * PAGE);
        long at = AT + 16 * PAGE;
        world.refused(EOPNOTSUPP, new HwQueueAlloc(1, viommu, MockViommu.QUEUES, 0, at, PAGE));
        world.refused(EOPNOTSUPP, new HwQueueAlloc(0, viommu, HwQueueAlloc.TYPE_DEFAULT, 0, at, PAGE));
        world.refused(EOPNOTSUPP, new HwQueueAlloc(0, viommu, 7, 0, at, PAGE));
        world.refused(ENOENT, new HwQueueAlloc(0, 999, MockViommu.QUEUES, 0, at, PAGE));
        world.refused(EINVAL, queue(0, at, 0));
        world.refused(EINVAL, queue(2, at, PAGE));
        world.refused(EOVERFLOW, queue(0, -PAGE, 2 * PAGE));
        world.refused(ENOENT, queue(0, AT + 64 * PAGE, PAGE));
        world.refused(EFAULT, queue(0, at, 3 * PAGE));
        world.refused(EIO, queue(1, at, PAGE));

        int first = world.ioctl(queue(0, at + 64, PAGE));
        world.refused(EEXIST, queue(0, at, PAGE));
        world.refused(EBUSY, new IoasUnmap(ioas, at, 2 * PAGE));
        int second = world.ioctl(queue(1, at, PAGE));
        world.refused(EBUSY, new IommuDestroy(first));
        world.refused(EBUSY, new IommuDestroy(viommu));
        world.destroy(second);
        world.destroy(first);

        assertThat(port().queues).containsExactly("open 0 4096", "open 1 4096", "close 1", "close 0");
        assertThat(world.unmap(ioas, at, 2 * PAGE)).isEqualTo(2 * PAGE);
        world.destroy(viommu);
    }

    @Test
    void vdeviceTombstone() {
        int vdevice = world.ioctl(new VdeviceAlloc(viommu, device.id(), 0x99));

        world.unbind(device);

        world.refused(ENOENT, new IommuDestroy(vdevice));
        assertThat(port().caches).isEmpty();
        assertThat(world.newIoas()).isNotEqualTo(vdevice);
        assertThat(world.newIoas()).isNotEqualTo(vdevice);
        world.destroy(viommu);
    }

    @Test
    void whatHasNoViommuTypeHasNone() {
        var other = world.device(MockWorld.PASID, world.newUnit("mock1", false));

        world.refused(EOPNOTSUPP, new ViommuAlloc(0, MockViommu.TYPE, other.id(), parent, null));
    }
}
