package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EBADF;
import static io.sluice.vfio.host.Errno.EBUSY;
import static io.sluice.vfio.host.Errno.EFAULT;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.ENOENT;
import static io.sluice.vfio.host.Errno.EOPNOTSUPP;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.testkit.MockWorld;
import io.sluice.vmm.address.Iova;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The kernel's fixture `iommufd_mock_domain`.
@Timeout(120)
final class IommufdMockDomainConformanceTest {
    private static final long PAGE = MockWorld.PAGE;
    private static final long MOCK_PAGE = MockWorld.MOCK_PAGE;
    private static final int FIXED_RW = MockWorld.RW | MockWorld.FIXED;
    private static final long BUFFER = 16 * PAGE;

    enum Variant {
        ONE_DOMAIN(1, false, false),
        TWO_DOMAINS(2, false, false),
        ONE_DOMAIN_HUGE(1, true, false),
        TWO_DOMAINS_HUGE(2, true, false),
        ONE_DOMAIN_FILE(1, false, true),
        ONE_DOMAIN_FILE_HUGE(1, true, true);

        final int domains;
        final boolean huge;
        final boolean file;

        Variant(int domains, boolean huge, boolean file) {
            this.domains = domains;
            this.huge = huge;
            this.file = file;
        }
    }

    private MockWorld world = new MockWorld();
    private final List<IommufdDevice> devices = new ArrayList<>();
    private Variant variant = Variant.ONE_DOMAIN;
    private int ioas;
    private long buffer;
    private int memfd;

    private void setUp(Variant wanted) {
        variant = wanted;
        world.close();
        world = new MockWorld(wanted.huge);
        ioas = world.newIoas();
        for (int i = 0; i < wanted.domains; i++) {
            var device = world.device(MockWorld.PASID);
            // The first by a table that is made for it, the others by tables of their own.
            device.attach(0, i == 0 ? ioas : world.ioctl(HwptAlloc.plain(0, device.id(), ioas)));
            devices.add(device);
        }
        memfd = world.memfd(BUFFER);
        var memory = world.process.memory();
        buffer = wanted.file ? memory.map(world.file(memfd), 0, BUFFER, true, true) : memory.map(BUFFER, true);
        var fill = new byte[(int) BUFFER];
        for (int i = 0; i < fill.length; i++) {
            fill[i] = (byte) (i >> 11 ^ i * 31);
        }
        memory.write(buffer, fill, 0, fill.length);
    }

    @AfterEach
    void close() {
        world.close();
    }

    private long map(long start, long length) {
        return variant.file
                ? world.ioctl(new IoasMapFile(MockWorld.RW, ioas, memfd, start, length, 0))
                : world.map(ioas, buffer + start, length);
    }

    /// All of the devices see at `iova` what is in the buffer from `start` on.
    private void check(long iova, long start, long length) {
        var wanted = new byte[(int) length];
        world.process.memory().read(buffer + start, wanted, 0, wanted.length);
        for (var device : devices) {
            var seen = new byte[wanted.length];
            assertThat(device.iommu().dma().read(0, iova, seen, 0, seen.length)).isTrue();
            assertThat(seen).isEqualTo(wanted);
        }
    }

    private int pins(long va) {
        var first = new long[1];
        world.process.memory().pages(va & -PAGE).pin(0, PAGE, false, (frame, length) -> first[0] = frame);
        world.kernel.frames().unpin(first[0], PAGE);
        return world.kernel.frames().pins(first[0]);
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void basic(Variant wanted) {
        setUp(wanted);
        long iova = map(0, BUFFER);
        check(iova, 0, BUFFER);
        world.unmap(ioas, iova, BUFFER);
        assertThat(MockWorld.domain(devices.getFirst()).frameAt(new Iova(iova))).isEqualTo(-1);

        if (wanted.file) {
            world.refused(EINVAL, new IoasMapFile(MockWorld.RW, ioas, memfd, 0, BUFFER + PAGE, 0));
            world.refused(EINVAL, new IoasMapFile(MockWorld.RW, ioas, memfd, BUFFER, PAGE, 0));
            world.refused(EINVAL, new IoasMapFile(MockWorld.RW, ioas, memfd, 0, 0, 0));
            world.refused(EBADF, new IoasMapFile(MockWorld.RW, ioas, 99, 0, PAGE, 0));
            world.refused(EINVAL, new IoasMapFile(MockWorld.RW, ioas, world.fd, 0, PAGE, 0));
            world.file(memfd).truncate(0);
            world.refused(EINVAL, new IoasMapFile(MockWorld.RW, ioas, memfd, 0, PAGE, 0));
        } else {
            world.process.memory().unmap(buffer + BUFFER / 2, BUFFER / 2);
            world.refused(EFAULT, new IoasMap(MockWorld.RW, ioas, buffer, BUFFER, 0));
            world.refused(EFAULT, new IoasMap(MockWorld.RW, ioas, buffer + BUFFER / 2, PAGE, 0));
        }
        assertThat(world.pinned()).isZero();
    }

    @ParameterizedTest
    @EnumSource(
            value = Variant.class,
            names = {"ONE_DOMAIN", "TWO_DOMAINS"})
    void roUnshare(Variant wanted) {
        setUp(wanted);
        world.process.memory().write(buffer, new byte[] {1}, 0, 1);
        var child = world.process.fork();
        long iova = world.ioctl(new IoasMap(IoasMap.READABLE, ioas, buffer, PAGE, 0));

        world.process.memory().write(buffer, new byte[] {2}, 0, 1);

        check(iova, 0, PAGE);
        var seen = new byte[1];
        child.memory().read(buffer, seen, 0, 1);
        assertThat(seen[0]).isEqualTo((byte) 1);
        assertThat(devices.getFirst().iommu().dma().write(0, iova, seen, 0, 1)).isFalse();
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void allAligns(Variant wanted) {
        setUp(wanted);
        for (long start = 0; start < 8 * PAGE; start += MOCK_PAGE) {
            for (long end = start + MOCK_PAGE; end <= 8 * PAGE; end += MOCK_PAGE) {
                long length = end - start;
                long iova = map(start, length);
                check(iova, start, length);
                if (length <= PAGE) {
                    assertThat(pins(buffer + start)).isEqualTo(1);
                }
                world.unmap(ioas, iova, length);
                assertThat(world.pinned()).isZero();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void allAlignsCopy(Variant wanted) {
        setUp(wanted);
        for (long start = 0; start < 4 * PAGE; start += MOCK_PAGE) {
            for (long end = start + MOCK_PAGE; end <= 4 * PAGE; end += MOCK_PAGE) {
                long length = end - start;
                long iova = map(start, length);
                var late = world.device(MockWorld.PASID);
                late.attach(0, ioas);
                devices.add(late);

                check(iova, start, length);
                long pages = (end + PAGE - 1) / PAGE - start / PAGE;
                assertThat(world.pinned()).isEqualTo(pages * PAGE);

                devices.remove(late);
                world.unbind(late);
                world.unmap(ioas, iova, length);
                assertThat(world.pinned()).isZero();
            }
        }
    }

    private record Holder(boolean needsPinPages) implements AccessOps {
        @Override
        public void unmapped(long iova, long length) {}
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void userCopy(Variant wanted) {
        setUp(wanted);
        int other = world.newIoas();
        var access = IommufdAccess.create(world.context(), new Holder(true));
        access.attach(other);
        long at = MockWorld.APERTURE_START;
        if (wanted.file) {
            world.mapFileAt(other, memfd, 0, BUFFER, at);
        } else {
            world.mapAt(other, buffer, BUFFER, at);
        }
        var pin = access.pin(at, BUFFER, true);

        world.ioctl(new IoasCopy(FIXED_RW, ioas, other, BUFFER, at, at));
        check(at, 0, BUFFER);
        assertThat(world.pinned()).isEqualTo(BUFFER);
        assertThat(access.unpin(pin)).isTrue();

        access.replace(ioas);
        world.destroy(other);
        var again = access.pin(at, BUFFER, true);
        assertThat(again.write(at + 5, new byte[] {99}, 0, 1)).isTrue();
        check(at, 0, BUFFER);
        access.destroy();
        assertThat(again.isDead()).isTrue();
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void replace(Variant wanted) {
        setUp(wanted);
        var device = devices.getFirst();
        int old = device.attachedTo(0);
        int other = world.newIoas();

        int now = device.replace(0, other);
        assertThat(now).isNotEqualTo(old);
        world.refused(EBUSY, new IommuDestroy(other));
        world.refused(ENOENT, new IommuDestroy(old));

        assertThat(device.replace(0, now)).isEqualTo(now);
        assertThat(device.replace(0, other)).isEqualTo(now);
        int manual = world.ioctl(HwptAlloc.plain(0, device.id(), ioas));
        assertThat(device.replace(0, manual)).isEqualTo(manual);
        world.refused(ENOENT, new IommuDestroy(now));
        MockWorld.refused(ENOENT, () -> device.replace(0, 999));
        MockWorld.refused(EINVAL, () -> device.replace(0, device.id()));
        world.destroy(other);
        device.detach(0);
        MockWorld.refused(EINVAL, () -> device.replace(0, manual));
        device.detach(0);
        world.destroy(manual);
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void allocHwpt(Variant wanted) {
        setUp(wanted);
        for (var device : devices) {
            world.refused(EOPNOTSUPP, new HwptAlloc(-1, device.id(), ioas, 0, null, 0));
            world.refused(ENOENT, HwptAlloc.plain(0, 999, ioas));
            world.refused(ENOENT, HwptAlloc.plain(0, ioas, ioas));
            world.refused(EINVAL, HwptAlloc.plain(0, device.id(), 999));
            world.refused(EINVAL, HwptAlloc.plain(0, device.id(), device.id()));
            int one = world.ioctl(HwptAlloc.plain(0, device.id(), ioas));
            int two = world.ioctl(HwptAlloc.plain(HwptAlloc.NEST_PARENT, device.id(), ioas));
            world.destroy(world.ioctl(HwptAlloc.plain(HwptAlloc.NEST_PARENT, device.id(), ioas)));

            device.replace(0, one);
            world.refused(EBUSY, new IommuDestroy(one));
            device.replace(0, two);
            world.destroy(one);
            world.refused(EBUSY, new IommuDestroy(two));
            device.replace(0, ioas);
            world.destroy(two);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Variant.class,
            names = {"ONE_DOMAIN_HUGE", "TWO_DOMAINS_HUGE"})
    void largePagesAreUsedIfTheyMay(Variant wanted) {
        setUp(wanted);
        int big = world.memfd(4 << 20);
        int[] shifts = new int[2];
        for (int huge = 1; huge >= 0; huge--) {
            world.ioctl(IommuOption.set(IommuOption.HUGE_PAGES, ioas, huge));
            world.mapFileAt(ioas, big, 0, 4 << 20, MockWorld.APERTURE_START);
            shifts[huge] = MockWorld.domain(devices.getFirst()).pageShift(new Iova(MockWorld.APERTURE_START));
            world.unmap(ioas, 0, -1);
        }

        assertThat(shifts).containsExactly(11, 20);
    }

    @ParameterizedTest
    @EnumSource(
            value = Variant.class,
            names = {"ONE_DOMAIN"})
    void anUnmapInAnEndlessPinIsGivenUp(Variant wanted) {
        setUp(wanted);
        world.mapAt(ioas, buffer, PAGE, MockWorld.APERTURE_START);
        var rounds = new int[1];
        var access = IommufdAccess.create(world.context(), new AccessOps() {
            @Override
            public boolean needsPinPages() {
                return true;
            }

            @Override
            public void unmapped(long iova, long length) {
                rounds[0]++;
            }
        });
        access.attach(ioas);
        var pin = access.pin(MockWorld.APERTURE_START, PAGE, false);

        world.refused(Errno.EDEADLOCK, new IoasUnmap(ioas, MockWorld.APERTURE_START, PAGE));

        assertThat(rounds[0]).isEqualTo(100);
        access.unpin(pin);
        access.pin(MockWorld.APERTURE_START, PAGE, false);
        access.destroy();
        assertThat(world.unmap(ioas, MockWorld.APERTURE_START, PAGE)).isEqualTo(PAGE);
    }
}
