package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EBUSY;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.ENOENT;
import static io.sluice.vfio.host.Errno.EOPNOTSUPP;
import static io.sluice.vfio.host.Errno.ESPIPE;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.iommu.DeviceTraits;
import io.sluice.vfio.host.iommu.DmaOperation;
import io.sluice.vfio.host.iommu.StageOne;
import io.sluice.vfio.testkit.MockWorld;
import io.sluice.vmm.testkit.FakeLoop;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The row `alloc_hwpt_nested` of the kernel's fixture `iommufd_ioas`, and the rules of fault queues.
@Timeout(120)
final class NestedHwptConformanceTest {
    private static final long AT = MockWorld.APERTURE_START;
    private static final StageOne TABLE = new StageOne(AT, 48, 0);

    private final MockWorld world = new MockWorld();
    private final FakeLoop loop = new FakeLoop();
    private final List<String> ends = new ArrayList<>();
    private final IommufdDevice device = world.device(MockWorld.PASID);
    private int ioas;
    private int parent;

    @BeforeEach
    void setUp() {
        ioas = world.newIoas();
        parent = world.ioctl(HwptAlloc.plain(HwptAlloc.NEST_PARENT | HwptAlloc.ALLOC_PASID, device.id(), ioas));
        // An empty first-stage table.
        world.mapAt(ioas, world.buffer(MockWorld.PAGE), MockWorld.PAGE, AT);
    }

    @AfterEach
    void close() {
        world.close();
    }

    private HwptAlloc nested(int flags, int pt, int fault) {
        return new HwptAlloc(flags, device.id(), pt, HwptAlloc.DATA_VTD_S1, TABLE, fault);
    }

    private DmaOperation write(int pasid, long iova) {
        var operation = new DmaOperation(
                loop.newStrand(), (which, whole) -> ends.add("0x" + Long.toHexString(iova) + " " + whole));
        device.iommu().dma().request(operation, pasid, iova, new byte[8], 0, 8, true);
        return operation;
    }

    private ByteBuffer read(int fd, int length) {
        var bytes = new byte[length];
        int count = world.process.read(fd, bytes, 0, length);
        return ByteBuffer.wrap(bytes, 0, count).order(ByteOrder.LITTLE_ENDIAN);
    }

    private int answer(int fd, int... words) {
        var bytes = ByteBuffer.allocate(4 * words.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int word : words) {
            bytes.putInt(word);
        }
        int count = world.process.write(fd, bytes.array(), 0, bytes.capacity());
        loop.run();
        return count;
    }

    @Test
    void whatCannotBeNested() {
        int plain = world.ioctl(HwptAlloc.plain(0, device.id(), ioas));
        int auto = world.device(MockWorld.PLAIN).attach(0, ioas);

        world.refused(EINVAL, nested(0, plain, 0));
        world.refused(EINVAL, nested(0, auto, 0));
        world.refused(EINVAL, nested(0, device.id(), 0));
        world.refused(EINVAL, nested(0, 999, 0));
        world.refused(EOPNOTSUPP, nested(0, ioas, 0));
        world.refused(EOPNOTSUPP, nested(HwptAlloc.NEST_PARENT, parent, 0));
        world.refused(EOPNOTSUPP, nested(HwptAlloc.DIRTY_TRACKING, parent, 0));
        world.refused(EOPNOTSUPP, HwptAlloc.plain(0, device.id(), parent));
        world.refused(EINVAL, new HwptAlloc(0, device.id(), parent, HwptAlloc.DATA_NONE, TABLE, 0));
        world.refused(EINVAL, new HwptAlloc(0, device.id(), parent, HwptAlloc.DATA_VTD_S1, null, 0));
        world.refused(EINVAL, new HwptAlloc(0, device.id(), parent, HwptAlloc.DATA_VTD_S1, "junk", 0));
        world.refused(EOPNOTSUPP, new HwptAlloc(0, device.id(), parent, 9, TABLE, 0));
        world.refused(ENOENT, nested(HwptAlloc.FAULT_ID_VALID, parent, 999));
        int faults = world.ioctl(new FaultQueueAlloc(0)).faultId();
        world.refused(
                EOPNOTSUPP,
                new HwptAlloc(HwptAlloc.NEST_PARENT | HwptAlloc.FAULT_ID_VALID, device.id(), ioas, 0, null, faults));
        world.refused(EOPNOTSUPP, new FaultQueueAlloc(1));
        int nested = world.ioctl(nested(0, parent, 0));
        world.refused(EINVAL, nested(0, nested, 0));
        var other = world.device(MockWorld.PASID, world.newUnit("mock1", false));
        world.refused(EINVAL, new HwptAlloc(0, other.id(), parent, HwptAlloc.DATA_VTD_S1, TABLE, 0));
    }

    @Test
    void aParentStaysAsLongAsWhatStandsOnIt() {
        int nested = world.ioctl(nested(0, parent, 0));

        world.refused(EBUSY, new IommuDestroy(parent));
        world.refused(EBUSY, new IommuDestroy(ioas));
        device.attach(0, nested);
        world.refused(EBUSY, new IommuDestroy(nested));
        device.detach(0);
        world.destroy(nested);
        world.destroy(parent);
        world.destroy(ioas);
    }

    @Test
    void aDeviceGoesFromTableToTable() {
        var queue = world.ioctl(new FaultQueueAlloc(0));
        int one = world.ioctl(nested(0, parent, 0));
        int two = world.ioctl(nested(0, parent, 0));
        int asking = world.ioctl(nested(HwptAlloc.FAULT_ID_VALID, parent, queue.faultId()));

        device.attach(0, one);
        device.replace(0, two);
        world.destroy(one);
        device.replace(0, asking);
        world.destroy(two);
        device.replace(0, parent);
        world.destroy(asking);
        device.replace(0, ioas);
        world.destroy(parent);
    }

    @Test
    void invalidation() {
        int nested = world.ioctl(nested(0, parent, 0));
        var good = new HwptInvalidate.Vtd(0x1000, 4, HwptInvalidate.Vtd.LEAF);
        var all = new HwptInvalidate.Vtd(0, -1, 0);

        assertThat(world.ioctl(new HwptInvalidate(nested, HwptInvalidate.DATA_VTD_S1, List.of())))
                .isZero();
        assertThat(world.ioctl(new HwptInvalidate(nested, HwptInvalidate.DATA_VTD_S1, List.of(good, all))))
                .isEqualTo(2);
        assertThat(world.refused(EINVAL, new HwptInvalidate(nested, 7, List.of(good)))
                        .count())
                .isZero();
        for (var bad : List.of(
                new HwptInvalidate.Vtd(0x1001, 1, 0),
                new HwptInvalidate.Vtd(0x1000, -1, 0),
                new HwptInvalidate.Vtd(0x1000, 0, 0))) {
            var refusal =
                    world.refused(EINVAL, new HwptInvalidate(nested, HwptInvalidate.DATA_VTD_S1, List.of(good, bad)));
            assertThat(refusal.count()).isEqualTo(1);
        }
        var flags = new HwptInvalidate.Vtd(0x1000, 1, 2);
        assertThat(world.refused(EOPNOTSUPP, new HwptInvalidate(nested, 0, List.of(good, good, flags)))
                        .count())
                .isEqualTo(2);
        world.refused(EINVAL, new HwptInvalidate(nested, 0, List.of("junk")));
        world.refused(EINVAL, new HwptInvalidate(parent, 0, List.of()));
        world.refused(ENOENT, new HwptInvalidate(999, 0, List.of()));
    }

    @Test
    void faultsComeByTheFaultFile() {
        var queue = world.ioctl(new FaultQueueAlloc(0));
        int asking = world.ioctl(nested(HwptAlloc.FAULT_ID_VALID, parent, queue.faultId()));
        world.refused(EBUSY, new IommuDestroy(queue.faultId()));
        device.attach(0, asking);
        assertThat(read(queue.fd(), 80).remaining()).isZero();
        write(0, 0x5008);

        var record = read(queue.fd(), 80);

        assertThat(record.remaining()).isEqualTo(FaultFile.RECORD);
        assertThat(record.getInt()).isEqualTo(FaultFile.LAST_PAGE);
        assertThat(record.getInt()).isEqualTo(device.id());
        assertThat(record.getInt()).isZero();
        record.getInt();
        assertThat(record.getInt()).isEqualTo(2);
        assertThat(record.getInt()).isZero();
        assertThat(record.getLong()).isEqualTo(0x5000);
        assertThat(record.getInt()).isZero();
        int cookie = record.getInt();
        assertThat(read(queue.fd(), 80).remaining()).isZero();
        MockWorld.refused(EINVAL, () -> answer(queue.fd(), cookie, 7));
        MockWorld.refused(EINVAL, () -> answer(queue.fd(), cookie + 1, FaultFile.INVALID));
        assertThat(answer(queue.fd(), cookie, FaultFile.INVALID, cookie, FaultFile.INVALID))
                .isEqualTo(FaultFile.RESPONSE);
        assertThat(ends).containsExactly("0x5008 false");
    }

    @Test
    void theFaultFileIsAStreamOfWholeRecords() {
        var queue = world.ioctl(new FaultQueueAlloc(0));

        MockWorld.refused(ESPIPE, () -> read(queue.fd(), 41));
        MockWorld.refused(ESPIPE, () -> world.process.read(queue.fd(), 8, new byte[40], 0, 40));
        MockWorld.refused(ESPIPE, () -> world.process.write(queue.fd(), new byte[9], 0, 9));
    }

    @Test
    void groupsAreReadWhole() {
        var queue = world.ioctl(new FaultQueueAlloc(0));
        int asking = world.ioctl(nested(HwptAlloc.FAULT_ID_VALID, parent, queue.faultId()));
        device.attach(0, asking);
        var file = (FaultFile) world.process.file(queue.fd());
        var told = new int[1];
        file.onPending(() -> told[0]++);
        var operation = new DmaOperation(loop.newStrand(), (which, whole) -> ends.add("big " + whole));
        device.iommu().dma().request(operation, 0, 0x5000, new byte[3 * 4096], 0, 3 * 4096, true);
        write(0, 0x9000);

        assertThat(told[0]).isEqualTo(2);
        assertThat(file.isReadable()).isTrue();
        assertThat(read(queue.fd(), 2 * FaultFile.RECORD).remaining()).isZero();
        assertThat(read(queue.fd(), 3 * FaultFile.RECORD).remaining()).isEqualTo(3 * FaultFile.RECORD);
        var other = read(queue.fd(), 3 * FaultFile.RECORD);
        assertThat(other.remaining()).isEqualTo(FaultFile.RECORD);
        assertThat(other.getInt(FaultFile.RECORD - 4)).isNotZero();
        assertThat(file.isReadable()).isFalse();
    }

    @Test
    void faultsOfAPasidCarryIt() {
        var queue = world.ioctl(new FaultQueueAlloc(0));
        int asking = world.ioctl(nested(HwptAlloc.FAULT_ID_VALID | HwptAlloc.ALLOC_PASID, parent, queue.faultId()));
        device.attach(77, asking);
        write(77, 0x5000);

        var record = read(queue.fd(), 40);

        assertThat(record.getInt(0)).isEqualTo(FaultFile.LAST_PAGE | FaultFile.PASID_VALID);
        assertThat(record.getInt(8)).isEqualTo(77);
    }

    @Test
    void whatIsPendingAtDetachOrReplaceIsRefused() {
        var queue = world.ioctl(new FaultQueueAlloc(0));
        int asking = world.ioctl(nested(HwptAlloc.FAULT_ID_VALID, parent, queue.faultId()));
        device.attach(0, asking);
        write(0, 0x5000);
        int cookie = read(queue.fd(), 40).getInt(36);
        write(0, 0x6000);

        device.replace(0, parent);
        loop.run();
        assertThat(ends).containsExactlyInAnyOrder("0x5000 false", "0x6000 false");
        assertThat(read(queue.fd(), 40).remaining()).isZero();
        MockWorld.refused(EINVAL, () -> answer(queue.fd(), cookie, FaultFile.SUCCESS));

        device.replace(0, asking);
        write(0, 0x7000);
        device.detach(0);
        loop.run();
        assertThat(ends).contains("0x7000 false");
    }

    @Test
    void closingTheFaultFileAnswersNothing() {
        var queue = world.ioctl(new FaultQueueAlloc(0));
        int asking = world.ioctl(nested(HwptAlloc.FAULT_ID_VALID, parent, queue.faultId()));
        device.attach(0, asking);
        write(0, 0x5000);

        world.process.close(queue.fd());
        loop.run();
        assertThat(ends).isEmpty();
        world.refused(EBUSY, new IommuDestroy(queue.faultId()));
        device.detach(0);
        loop.run();
        assertThat(ends).containsExactly("0x5000 false");
        world.destroy(asking);
        world.destroy(queue.faultId());
    }

    @Test
    void aFaultQueueStaysWhileItsFileIsOpen() {
        var queue = world.ioctl(new FaultQueueAlloc(0));

        world.refused(EBUSY, new IommuDestroy(queue.faultId()));
        world.process.close(queue.fd());
        world.destroy(queue.faultId());
    }

    @Test
    void whoCannotAskForPagesIsNotPutOnATableWithAQueue() {
        var queue = world.ioctl(new FaultQueueAlloc(0));
        int asking = world.ioctl(nested(HwptAlloc.FAULT_ID_VALID, parent, queue.faultId()));
        var mute = world.device(new DeviceTraits(0, true, false, false, true, List.of()));

        MockWorld.refused(EINVAL, () -> mute.attach(0, asking));
        assertThat(mute.attachedTo(0)).isZero();
    }
}
