package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EADDRINUSE;
import static io.sluice.vfio.host.Errno.EBUSY;
import static io.sluice.vfio.host.Errno.EEXIST;
import static io.sluice.vfio.host.Errno.EFAULT;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.EMSGSIZE;
import static io.sluice.vfio.host.Errno.ENODEV;
import static io.sluice.vfio.host.Errno.ENOENT;
import static io.sluice.vfio.host.Errno.ENOSPC;
import static io.sluice.vfio.host.Errno.EOPNOTSUPP;
import static io.sluice.vfio.host.Errno.EOVERFLOW;
import static io.sluice.vfio.host.Errno.EPERM;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.iommu.DeviceTraits;
import io.sluice.vfio.host.iommu.ReservedRegion;
import io.sluice.vfio.host.memory.MemFile;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.iommufd.ioas.IovaRange;
import io.sluice.vfio.testkit.MockWorld;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The kernel's fixture `iommufd_ioas`, without a domain, with one and with two.
@Timeout(120)
final class IommufdIoasConformanceTest {
    private static final long PAGE = MockWorld.PAGE;
    private static final long AT = MockWorld.APERTURE_START;
    private static final int FIXED_RW = MockWorld.RW | MockWorld.FIXED;

    private final MockWorld world = new MockWorld();
    private final List<IommufdDevice> devices = new ArrayList<>();
    private int ioas;
    private long base;

    private void setUp(int domains) {
        ioas = world.newIoas();
        base = domains == 0 ? 0 : MockWorld.APERTURE_START;
        for (int i = 0; i < domains; i++) {
            var device = world.device(MockWorld.PLAIN);
            // The first by a table that is made for it, the others by tables of their own.
            device.attach(0, i == 0 ? ioas : world.ioctl(HwptAlloc.plain(0, device.id(), ioas)));
            devices.add(device);
        }
    }

    @AfterEach
    void close() {
        world.close();
    }

    private static DeviceTraits reserving(long first, long last) {
        return new DeviceTraits(
                0, true, true, true, true, List.of(new ReservedRegion(first, last, ReservedRegion.Kind.RESERVED)));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void ioasAutoDestroy(int domains) {
        setUp(domains);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void ioasDestroy(int domains) {
        setUp(domains);

        if (domains == 0) {
            world.destroy(ioas);
            world.refused(ENOENT, new IommuDestroy(ioas));
        } else {
            world.refused(EBUSY, new IommuDestroy(ioas));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void hwptAttach(int domains) {
        setUp(domains);
        int hwpt = devices.getFirst().attachedTo(0);

        var another = world.device(MockWorld.PLAIN);

        assertThat(another.attach(0, hwpt)).isEqualTo(hwpt);
        MockWorld.refused(ENOENT, () -> world.device(MockWorld.PLAIN).attach(0, 9999));
        MockWorld.refused(EINVAL, () -> world.device(MockWorld.PLAIN).attach(0, another.id()));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void ioasAreaDestroy(int domains) {
        setUp(domains);
        world.mapAt(ioas, world.buffer(PAGE), PAGE, base);

        if (domains == 0) {
            world.destroy(ioas);
        } else {
            world.refused(EBUSY, new IommuDestroy(ioas));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void ioasAreaAutoDestroy(int domains) {
        setUp(domains);
        for (int i = 0; i < 10; i++) {
            world.mapAt(ioas, world.buffer(PAGE), PAGE, base + i * PAGE);
        }

        assertThat(world.pinned()).isEqualTo(domains == 0 ? 0 : 10 * PAGE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void getHwInfo(int domains) {
        setUp(domains);
        var plain = world.device(MockWorld.PLAIN);
        var pasid = world.device(MockWorld.PASID);

        assertThat(world.info(plain).dataType()).isEqualTo(GetHwInfo.DATA_INTEL_VTD);
        assertThat(world.info(plain).data()).isEqualTo(new GetHwInfo.Vtd(0, 0x11, 0x22));
        assertThat(world.info(plain).maxPasidLog2()).isZero();
        assertThat(world.info(pasid).maxPasidLog2()).isEqualTo(MockWorld.PASID_BITS);
        world.refused(ENOENT, new GetHwInfo(0, ioas, 0));
        world.refused(EOPNOTSUPP, new GetHwInfo(2, plain.id(), 0));
        world.refused(EOPNOTSUPP, new GetHwInfo(GetHwInfo.INPUT_TYPE, plain.id(), 2));
        assertThat(world.ioctl(new GetHwInfo(GetHwInfo.INPUT_TYPE, plain.id(), GetHwInfo.DATA_INTEL_VTD)))
                .isEqualTo(world.info(plain));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void area(int domains) {
        setUp(domains);
        long buffer = world.buffer(20 * PAGE);
        world.refused(ENOENT, new IoasUnmap(ioas, base, PAGE));
        for (int i = 0; i < 10; i++) {
            world.mapAt(ioas, buffer, PAGE, base + i * 16L * PAGE);
        }
        for (int i = 0; i < 10; i++) {
            assertThat(world.unmap(ioas, base + i * 16L * PAGE, PAGE)).isEqualTo(PAGE);
        }
        world.mapAt(ioas, buffer, PAGE * 2, base + 16 * PAGE);
        world.refused(ENOENT, new IoasUnmap(ioas, base + 16 * PAGE, PAGE));
        world.refused(ENOENT, new IoasUnmap(ioas, base + 17 * PAGE, PAGE));

        for (long[] shape : new long[][] {{16, 2}, {16, 1}, {17, 1}, {15, 2}, {15, 4}, {17, 3}}) {
            world.refused(EEXIST, new IoasMap(FIXED_RW, ioas, buffer, shape[1] * PAGE, base + shape[0] * PAGE));
        }
        assertThat(world.unmap(ioas, 0, -1)).isEqualTo(2 * PAGE);
        assertThat(world.unmap(ioas, 0, -1)).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void unmapFullyContainedAreas(int domains) {
        setUp(domains);
        long buffer = world.buffer(16 * PAGE);
        for (int i = 0; i < 4; i++) {
            world.mapAt(ioas, buffer, 8 * PAGE, base + i * 16L * PAGE);
        }

        world.refused(ENOENT, new IoasUnmap(ioas, base + PAGE, 16 * PAGE));
        world.refused(ENOENT, new IoasUnmap(ioas, base + 48 * PAGE - PAGE, 2 * PAGE));

        assertThat(world.unmap(ioas, base, 64 * PAGE)).isEqualTo(4 * 8 * PAGE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void areaAutoIova(int domains) {
        setUp(domains);
        long buffer = world.buffer(32 * PAGE);
        var iovas = new ArrayList<Long>();
        for (int i = 0; i < 10; i++) {
            iovas.add(world.map(ioas, buffer, (i + 1) * PAGE));
            assertThat(iovas.get(i) % Long.lowestOneBit((i + 1) * PAGE)).isZero();
            assertThat(iovas.get(i)).isNotZero();
        }
        for (int i = 0; i < 10; i++) {
            assertThat(world.unmap(ioas, iovas.get(i), (i + 1) * PAGE)).isEqualTo((i + 1) * PAGE);
        }

        var reserved = world.device(reserving(base + PAGE, base + PAGE * 50));
        reserved.attach(0, ioas);
        for (int i = 0; i < 10; i++) {
            long length = (i + 1) * PAGE;
            long iova = world.map(ioas, buffer, length);
            assertThat(iova % Long.lowestOneBit(length)).isZero();
            assertThat(iova > base + 50 * PAGE || iova + length <= base + PAGE).isTrue();
            world.unmap(ioas, iova, length);
        }

        var hit = List.of(new IovaRange(base + 9 * PAGE, base + 19 * PAGE - 1));
        world.refused(EADDRINUSE, new IoasAllowIovas(ioas, hit));
        reserved.detach(0);
        var allowed = List.of(new IovaRange(base + 9 * PAGE, base + 73 * PAGE - 1));
        world.ioctl(new IoasAllowIovas(ioas, allowed));
        for (int i = 0; i < 10; i++) {
            long length = (i + 1) * PAGE;
            long iova = world.map(ioas, buffer, length);
            assertThat(iova).isBetween(base + 9 * PAGE, base + 73 * PAGE - length);
            world.unmap(ioas, iova, length);
        }
        world.refused(ENOSPC, new IoasMap(MockWorld.RW, ioas, buffer, 65 * PAGE, 0));
        world.ioctl(new IoasAllowIovas(ioas, List.of()));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void aChosenAddressKeepsTheOffsetInThePage(int domains) {
        setUp(domains);
        long buffer = world.buffer(2 * PAGE) + (domains == 0 ? 123 : MockWorld.MOCK_PAGE);

        long iova = world.map(ioas, buffer, MockWorld.MOCK_PAGE);

        assertThat(iova % PAGE).isEqualTo(buffer % PAGE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void reservedOverflow(int domains) {
        setUp(domains);
        long buffer = world.buffer(2 * PAGE);
        long first = base + PAGE;
        var greedy = world.device(reserving(0, MockWorld.APERTURE_LAST - 2 * PAGE + 1));
        greedy.attach(0, ioas);

        assertThat(first).isPositive();
        world.refused(ENOSPC, new IoasMap(MockWorld.RW, ioas, buffer, 2 * PAGE, 0));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void areaAllowed(int domains) {
        setUp(domains);
        long first = MockWorld.APERTURE_START;
        world.ioctl(new IoasAllowIovas(ioas, List.of(new IovaRange(first, first + PAGE - 1))));

        var inside = world.device(reserving(first, first + PAGE - 1));
        MockWorld.refused(EADDRINUSE, () -> inside.attach(0, ioas));
        world.ioctl(new IoasAllowIovas(ioas, List.of()));
        inside.attach(0, ioas);

        world.refused(EADDRINUSE, new IoasAllowIovas(ioas, List.of(new IovaRange(first, first + PAGE - 1))));
        world.refused(EINVAL, new IoasAllowIovas(ioas, List.of(new IovaRange(first, first))));
        var over = List.of(
                new IovaRange(first + PAGE, first + 2 * PAGE), new IovaRange(first + 2 * PAGE, first + 3 * PAGE));
        world.refused(EINVAL, new IoasAllowIovas(ioas, over));
        world.refused(ENOENT, new IoasAllowIovas(999, List.of()));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void aFixedMapMayLieOutsideTheAllowedRanges(int domains) {
        setUp(domains);
        world.ioctl(new IoasAllowIovas(ioas, List.of(new IovaRange(base + 64 * PAGE, base + 128 * PAGE - 1))));

        world.mapAt(ioas, world.buffer(PAGE), PAGE, base);

        assertThat(world.unmap(ioas, base, PAGE)).isEqualTo(PAGE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void copyArea(int domains) {
        setUp(domains);
        long buffer = world.buffer(PAGE);
        world.mapAt(ioas, buffer, PAGE, base);
        long charged = world.process.memory().pinnedPages();

        world.ioctl(new IoasCopy(FIXED_RW, ioas, ioas, PAGE, base + PAGE, base));
        int other = world.newIoas();
        world.ioctl(new IoasCopy(FIXED_RW, other, ioas, PAGE, base, base));
        long chosen = world.ioctl(new IoasCopy(MockWorld.RW, other, ioas, PAGE, 0, base));

        assertThat(chosen).isNotZero().isNotEqualTo(base);
        assertThat(world.process.memory().pinnedPages()).isEqualTo(charged);
        world.refused(EEXIST, new IoasCopy(FIXED_RW, ioas, ioas, PAGE, base + PAGE, base));
        world.refused(ENOENT, new IoasCopy(FIXED_RW, ioas, ioas, PAGE, base + 4 * PAGE, base + 8 * PAGE));
        world.refused(ENOENT, new IoasCopy(FIXED_RW, ioas, 999, PAGE, base + 4 * PAGE, base));
        world.refused(EINVAL, new IoasCopy(MockWorld.FIXED, ioas, ioas, PAGE, base + 4 * PAGE, base));
        world.refused(EOPNOTSUPP, new IoasCopy(FIXED_RW | 8, ioas, ioas, PAGE, base + 4 * PAGE, base));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void aCopyOfPagesThatAreNotWritableIsNotWritable(int domains) {
        setUp(domains);
        world.ioctl(new IoasMap(IoasMap.READABLE | MockWorld.FIXED, ioas, world.buffer(PAGE), PAGE, base));

        world.refused(EPERM, new IoasCopy(FIXED_RW, ioas, ioas, PAGE, base + PAGE, base));

        world.ioctl(new IoasCopy(IoasMap.READABLE | MockWorld.FIXED, ioas, ioas, PAGE, base + PAGE, base));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void copySweep(int domains) {
        setUp(domains);
        long step = domains == 0 ? 511 : MockWorld.MOCK_PAGE;
        long half = 4 * PAGE;
        long buffer = world.buffer(2 * half);
        base += 16 * PAGE;
        long last = base + 2 * half - 1;
        world.mapAt(ioas, buffer, half, base);
        world.mapAt(ioas, buffer + half, half, base + half);
        int other = world.newIoas();
        var narrow = domains == 0 ? null : world.device(MockWorld.PLAIN);
        if (narrow != null) {
            narrow.attach(0, other);
        }

        for (long from = base - step; from < last; from += step) {
            for (long to = from + step; to < last + step; to += step) {
                long length = to - from;
                var copy = new IoasCopy(FIXED_RW, other, ioas, length, MockWorld.APERTURE_START, from);
                if (from < base || to > last + 1) {
                    world.refused(ENOENT, copy);
                } else {
                    world.ioctl(copy);
                    assertThat(world.unmap(other, MockWorld.APERTURE_START, length))
                            .isEqualTo(length);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void iovaRanges(int domains) {
        setUp(domains);
        var fresh = world.ioctl(new IoasIovaRanges(ioas, 10));
        if (domains == 0) {
            assertThat(fresh.ranges()).containsExactly(IovaRange.ALL);
            assertThat(fresh.alignment()).isEqualTo(1);
        } else {
            assertThat(fresh.ranges())
                    .containsExactly(new IovaRange(MockWorld.APERTURE_START, MockWorld.APERTURE_LAST));
            assertThat(fresh.alignment()).isEqualTo(MockWorld.MOCK_PAGE);
        }
        assertThat(world.refused(EMSGSIZE, new IoasIovaRanges(ioas, 0)).count()).isEqualTo(1);

        world.device(reserving(base + (1 << 20), base + (1 << 20) + PAGE - 1)).attach(0, ioas);

        var split = world.ioctl(new IoasIovaRanges(ioas, 10)).ranges();
        assertThat(split).doesNotContain(IovaRange.ALL);
        assertThat(split).allMatch(range -> !range.meets(base + (1 << 20), base + (1 << 20) + PAGE - 1));
        assertThat(world.refused(EMSGSIZE, new IoasIovaRanges(ioas, split.size() - 1))
                        .count())
                .isEqualTo(split.size());
        world.refused(ENOENT, new IoasIovaRanges(999, 10));
    }

    private record Pinner(boolean needsPinPages, List<String> told) implements AccessOps {
        @Override
        public void unmapped(long iova, long length) {
            told.add(Long.toHexString(iova) + "+" + length);
        }
    }

    private IommufdAccess access(boolean pins, List<String> told) {
        var access = IommufdAccess.create(world.context(), new Pinner(pins, told));
        world.onClose(access::destroy);
        access.attach(ioas);
        return access;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void accessDomainDestory(int domains) {
        setUp(domains);
        long buffer = world.buffer(PAGE * 512 * 2);
        world.mapAt(ioas, buffer, PAGE * 512, MockWorld.APERTURE_START);
        var device = world.device(MockWorld.PLAIN);
        device.attach(0, ioas);
        var access = access(true, new ArrayList<>());

        var range = access.pin(MockWorld.APERTURE_START + 2 * PAGE, 256 * PAGE, true);
        world.unbind(device);
        world.process.memory().write(buffer + 2 * PAGE + 5, new byte[] {77}, 0, 1);
        var read = new byte[1];

        assertThat(range.read(MockWorld.APERTURE_START + 2 * PAGE + 5, read, 0, 1))
                .isTrue();
        assertThat(read[0]).isEqualTo((byte) 77);
        access.unpin(range);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void accessPin(int domains) {
        setUp(domains);
        long buffer = world.buffer(16 * PAGE);
        long at = MockWorld.APERTURE_START;
        var access = access(true, new ArrayList<>());
        for (long pages = 1; pages < 16; pages++) {
            world.mapAt(ioas, buffer, pages * PAGE, at);

            var one = access.pin(at, pages * PAGE, true);
            var two = access.pin(at, pages * PAGE, true);
            long charged = world.process.memory().pinnedPages();
            var device = world.device(MockWorld.PLAIN);
            device.attach(0, ioas);

            assertThat(charged).isEqualTo(pages);
            assertThat(world.process.memory().pinnedPages()).isEqualTo(pages);
            assertThat(world.pinned()).isEqualTo(pages * PAGE);
            access.unpin(one);
            world.unbind(device);
            assertThat(world.pinned()).isEqualTo(pages * PAGE);
            access.unpin(two);
            assertThat(world.pinned()).isEqualTo(domains == 0 ? 0 : pages * PAGE);
            assertThat(access.unpin(two)).isFalse();
            world.unmap(ioas, at, pages * PAGE);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void accessPinIsRefused(int domains) {
        setUp(domains);
        long at = MockWorld.APERTURE_START;
        var access = access(true, new ArrayList<>());
        world.ioctl(new IoasMap(IoasMap.READABLE | MockWorld.FIXED, ioas, world.buffer(2 * PAGE), 2 * PAGE, at));

        MockWorld.refused(EINVAL, () -> access.pin(at, 0, false));
        MockWorld.refused(EINVAL, () -> access.pin(at + 1, PAGE, false));
        MockWorld.refused(EINVAL, () -> access.pin(at, PAGE + 1, false));
        MockWorld.refused(EOVERFLOW, () -> access.pin(-PAGE, 2 * PAGE, false));
        MockWorld.refused(ENOENT, () -> access.pin(at + PAGE, 2 * PAGE, false));
        MockWorld.refused(EPERM, () -> access.pin(at, PAGE, true));
        access.detach();
        MockWorld.refused(ENOENT, () -> access.pin(at, PAGE, false));
        assertThat(access.pinCount()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void accessPinUnmap(int domains) {
        setUp(domains);
        long at = MockWorld.APERTURE_START;
        world.mapAt(ioas, world.buffer(2 * PAGE), 2 * PAGE, at);
        var told = new ArrayList<String>();
        var holder = new IommufdAccess[1];
        var access = IommufdAccess.create(world.context(), new AccessOps() {
            @Override
            public boolean needsPinPages() {
                return true;
            }

            @Override
            public void unmapped(long iova, long length) {
                told.add(Long.toHexString(iova) + "+" + length);
                holder[0].unpinAll(iova, length);
            }
        });
        holder[0] = access;
        world.onClose(access::destroy);
        access.attach(ioas);
        var range = access.pin(at, PAGE, true);

        assertThat(world.unmap(ioas, at, 2 * PAGE)).isEqualTo(2 * PAGE);

        assertThat(told).containsExactly("1000000+8192");
        assertThat(range.isDead()).isTrue();
        assertThat(range.read(at, new byte[1], 0, 1)).isFalse();
        assertThat(access.unpin(range)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void accessRw(int domains) {
        setUp(domains);
        long buffer = world.buffer(16 * PAGE);
        long at = MockWorld.APERTURE_START;
        world.mapAt(ioas, buffer, 16 * PAGE, at);
        var access = access(false, new ArrayList<>());
        for (int length = 1; length < 64; length++) {
            for (long offset : new long[] {0, PAGE - length / 2 - 1, PAGE - length, PAGE, 2 * PAGE - 1}) {
                roundTrip(access, buffer, at, offset, length);
            }
        }

        MockWorld.refused(ENOENT, () -> access.read(at + 16 * PAGE - 1, new byte[2], 0, 2));
        MockWorld.refused(EINVAL, () -> access.read(at, new byte[2], 0, 0));
        assertThat(world.pinned()).isEqualTo(domains == 0 ? 0 : 16 * PAGE);
    }

    private void roundTrip(IommufdAccess access, long buffer, long at, long offset, int length) {
        var sent = new byte[length];
        for (int i = 0; i < length; i++) {
            sent[i] = (byte) (i * 7 + length + offset);
        }
        var seen = new byte[length];
        var back = new byte[length];

        access.write(at + offset, sent, 0, length);
        world.process.memory().read(buffer + offset, seen, 0, length);
        access.read(at + offset, back, 0, length);

        assertThat(seen).isEqualTo(sent);
        assertThat(back).isEqualTo(sent);
    }

    @ParameterizedTest
    @ValueSource(ints = {0})
    void accessRwUnaligned(int domains) {
        setUp(domains);
        long buffer = world.buffer(4 * PAGE);
        world.mapAt(ioas, buffer + 5, 2 * PAGE - 9, 0x1003);
        world.mapAt(ioas, buffer + 5 + 2 * PAGE - 9, PAGE, 0x1003 + 2 * PAGE - 9);
        var access = access(false, new ArrayList<>());

        roundTrip(access, buffer + 5, 0x1003, 2 * PAGE - 40, 100);
        roundTrip(access, buffer + 5, 0x1003, PAGE - 20, 33);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void forkGone(int domains) {
        setUp(domains);
        var child = world.process.fork();
        long buffer = child.memory().map(4 * PAGE, true);
        child.memory().write(buffer, new byte[] {42}, 0, 1);
        child.ioctl(world.fd, new IoasMap(FIXED_RW, ioas, buffer, 4 * PAGE, MockWorld.APERTURE_START));
        child.exit();

        var late = world.device(MockWorld.PLAIN);

        if (domains > 0) {
            late.attach(0, ioas);
            assertThat(firstByte(late, MockWorld.APERTURE_START)).isEqualTo((byte) 42);
        } else {
            MockWorld.refused(EFAULT, () -> late.attach(0, ioas));
            assertThat(late.attachedTo(0)).isZero();
            assertThat(world.pinned()).isZero();
        }
    }

    private static byte firstByte(IommufdDevice device, long iova) {
        var read = new byte[1];
        assertThat(device.iommu().dma().read(0, iova, read, 0, 1)).isTrue();
        return read[0];
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void forkPresent(int domains) {
        setUp(domains);
        Process child = world.process.fork();
        long buffer = child.memory().map(4 * PAGE, true);
        child.memory().write(buffer, new byte[] {43}, 0, 1);
        child.ioctl(world.fd, new IoasMap(FIXED_RW, ioas, buffer, 4 * PAGE, MockWorld.APERTURE_START));

        var late = world.device(MockWorld.PLAIN);
        late.attach(0, ioas);

        assertThat(firstByte(late, MockWorld.APERTURE_START)).isEqualTo((byte) 43);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void ioasOptionHugePages(int domains) {
        setUp(domains);
        assertThat(world.ioctl(IommuOption.get(IommuOption.HUGE_PAGES, ioas))).isEqualTo(1);
        world.ioctl(IommuOption.set(IommuOption.HUGE_PAGES, ioas, 0));
        assertThat(world.ioctl(IommuOption.get(IommuOption.HUGE_PAGES, ioas))).isZero();
        world.refused(EINVAL, IommuOption.set(IommuOption.HUGE_PAGES, ioas, 2));
        world.ioctl(IommuOption.set(IommuOption.HUGE_PAGES, ioas, 1));

        world.mapAt(ioas, world.buffer(PAGE), PAGE, base);
        if (domains > 0) {
            world.refused(EINVAL, IommuOption.set(IommuOption.HUGE_PAGES, ioas, 0));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void ioasIovaAlloc(int domains) {
        setUp(domains);
        long buffer = world.buffer(2 * PAGE);
        for (long length = 1; length < PAGE * 2; length += 13) {
            var map = new IoasMap(MockWorld.RW, ioas, buffer, length, 0);
            if (domains > 0 && length % MockWorld.MOCK_PAGE != 0) {
                world.refused(EINVAL, map);
            } else {
                long iova = world.ioctl(map);
                assertThat(world.unmap(ioas, iova, length)).isEqualTo(length);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void ioasAlignChange(int domains) {
        setUp(domains);
        world.mapAt(ioas, world.buffer(PAGE), MockWorld.MOCK_PAGE, base);

        var pinner = IommufdAccess.create(world.context(), new Pinner(true, new ArrayList<>()));
        world.onClose(pinner::destroy);
        MockWorld.refused(EADDRINUSE, () -> pinner.attach(ioas));
        assertThat(pinner.attachedTo()).isZero();
        world.unmap(ioas, base, MockWorld.MOCK_PAGE);
        pinner.attach(ioas);

        world.refused(EINVAL, new IoasMap(FIXED_RW, ioas, world.buffer(PAGE), MockWorld.MOCK_PAGE, base));
        pinner.detach();
        world.mapAt(ioas, world.buffer(PAGE), MockWorld.MOCK_PAGE, base);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void mapIsRefused(int domains) {
        setUp(domains);
        long buffer = world.buffer(2 * PAGE);
        world.refused(EOPNOTSUPP, new IoasMap(FIXED_RW | 8, ioas, buffer, PAGE, base));
        world.refused(EINVAL, new IoasMap(MockWorld.FIXED, ioas, buffer, PAGE, base));
        world.refused(EOVERFLOW, new IoasMap(FIXED_RW, ioas, buffer, PAGE, -1));
        world.refused(EOVERFLOW, new IoasMap(FIXED_RW, ioas, buffer, -1, base));
        world.refused(EOVERFLOW, new IoasMap(FIXED_RW, ioas, buffer, 2 * PAGE, -PAGE));
        world.refused(EINVAL, new IoasMap(FIXED_RW, ioas, buffer, 0, base));
        world.refused(ENOENT, new IoasMap(FIXED_RW, 999, buffer, PAGE, base));
        world.refused(EOVERFLOW, new IoasUnmap(ioas, -1, PAGE));
        world.refused(EOVERFLOW, new IoasUnmap(ioas, -PAGE, 2 * PAGE));
        world.refused(EINVAL, new IoasUnmap(ioas, base, 0));
        if (domains > 0) {
            world.refused(EINVAL, new IoasMap(FIXED_RW, ioas, buffer, PAGE, MockWorld.APERTURE_LAST + 1));
            world.refused(EINVAL, new IoasMap(FIXED_RW, ioas, buffer, PAGE, base + 1));
            world.refused(EFAULT, new IoasMap(FIXED_RW, ioas, buffer + PAGE, 2 * PAGE, base));
        }
    }

    /// Memory of a device that others may be let at.
    private DmaBuf buffer(boolean revoked) {
        var file = MemFile.create(world.kernel.frames(), 4 * PAGE);
        world.onClose(file::release);
        file.write(2 * PAGE, new byte[] {88}, 0, 1);
        return new DmaBuf(file.frames(), revoked);
    }

    private boolean reaches(long iova) {
        return devices.stream().allMatch(device -> device.iommu().dma().read(0, iova, new byte[1], 0, 1));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void dmabufSimple(int domains) {
        setUp(domains);
        int fd = world.process.install(buffer(false));
        int away = world.process.install(buffer(true));

        world.refused(EINVAL, new IoasMapFile(FIXED_RW, ioas, fd, 0, 5 * PAGE, AT));
        world.refused(EINVAL, new IoasMapFile(FIXED_RW, ioas, fd, 4 * PAGE, PAGE, AT));
        world.refused(ENODEV, new IoasMapFile(FIXED_RW, ioas, away, 0, PAGE, AT));
        world.ioctl(new IoasMapFile(FIXED_RW, ioas, fd, PAGE, 2 * PAGE, AT));

        assertThat(reaches(AT + PAGE)).isTrue();
        assertThat(world.process.memory().pinnedPages()).isZero();
        var access = access(true, new ArrayList<>());
        MockWorld.refused(EINVAL, () -> access.pin(AT, PAGE, false));
        MockWorld.refused(EINVAL, () -> access.read(AT, new byte[1], 0, 1));
        world.refused(EINVAL, new IoasChangeProcess());
        world.process.close(fd);
        devices.forEach(device -> assertThat(firstByte(device, AT + PAGE)).isEqualTo((byte) 88));
        assertThat(world.unmap(ioas, AT, 2 * PAGE)).isEqualTo(2 * PAGE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void dmabufRevoke(int domains) {
        setUp(domains);
        var buffer = buffer(false);
        int fd = world.process.install(buffer);
        world.ioctl(new IoasMapFile(FIXED_RW, ioas, fd, 0, 2 * PAGE, AT));
        world.ioctl(new IoasCopy(FIXED_RW, ioas, ioas, PAGE, AT + 8 * PAGE, AT));

        buffer.revoke();

        assertThat(devices.stream().noneMatch(device -> device.iommu().dma().read(0, AT, new byte[1], 0, 1)))
                .isTrue();
        world.refused(ENODEV, new IoasMapFile(FIXED_RW, ioas, fd, 0, PAGE, AT + 16 * PAGE));
        var late = world.device(MockWorld.PLAIN);
        late.attach(0, world.ioctl(HwptAlloc.plain(0, late.id(), ioas)));
        devices.add(late);
        assertThat(late.iommu().dma().read(0, AT, new byte[1], 0, 1)).isFalse();
        buffer.restore();
        assertThat(reaches(AT)).isTrue();
        assertThat(reaches(AT + 8 * PAGE)).isTrue();
        buffer.revoke();
        assertThat(world.unmap(ioas, AT, 2 * PAGE)).isEqualTo(2 * PAGE);
        buffer.restore();
        assertThat(late.iommu().dma().read(0, AT, new byte[1], 0, 1)).isFalse();
        assertThat(reaches(AT + 8 * PAGE)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {0})
    void theLastPageOfAllCanBeMapped(int domains) {
        setUp(domains);
        long buffer = world.buffer(PAGE);

        world.mapAt(ioas, buffer, PAGE, -PAGE);

        world.refused(EEXIST, new IoasMap(FIXED_RW, ioas, buffer, PAGE, -PAGE));
        assertThat(world.unmap(ioas, -PAGE, PAGE)).isEqualTo(PAGE);
        world.mapAt(ioas, buffer, PAGE, -PAGE);
        assertThat(world.unmap(ioas, 0, -1)).isEqualTo(PAGE);
    }
}
