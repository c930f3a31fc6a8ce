package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EFAULT;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.ENOENT;
import static io.sluice.vfio.host.Errno.EOPNOTSUPP;
import static io.sluice.vfio.host.Errno.EOVERFLOW;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.iommu.DeviceTraits;
import io.sluice.vfio.testkit.MockWorld;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The kernel's fixture `iommufd_dirty_tracking`.
@Timeout(120)
final class IommufdDirtyTrackingConformanceTest {
    private static final long AT = MockWorld.APERTURE_START;
    private static final long PAGE = MockWorld.MOCK_PAGE;

    enum Variant {
        DIRTY_8K(8 << 10, false),
        DIRTY_64K(64 << 10, false),
        DIRTY_128K(128 << 10, false),
        DIRTY_256K(256 << 10, false),
        DIRTY_8M(8 << 20, false),
        DIRTY_8M_HUGE(8 << 20, true),
        DIRTY_128M(128 << 20, false),
        DIRTY_128M_HUGE(128 << 20, true);

        final long bytes;
        final boolean huge;

        Variant(long bytes, boolean huge) {
            this.bytes = bytes;
            this.huge = huge;
        }
    }

    private MockWorld world = new MockWorld();
    private long bytes;
    private int ioas;
    private int hwpt;
    private IommufdDevice device = world.device(MockWorld.PASID);

    private void setUp(Variant variant) {
        world.close();
        world = new MockWorld(variant.huge);
        bytes = variant.bytes;
        ioas = world.newIoas();
        device = world.device(MockWorld.PASID);
        world.mapFileAt(ioas, world.memfd(bytes), 0, bytes, AT);
        hwpt = world.ioctl(HwptAlloc.plain(HwptAlloc.DIRTY_TRACKING | HwptAlloc.ALLOC_PASID, device.id(), ioas));
    }

    @AfterEach
    void close() {
        world.close();
    }

    private void track(boolean on) {
        world.ioctl(new HwptSetDirtyTracking(on ? HwptSetDirtyTracking.ENABLE : 0, hwpt));
    }

    private int pages() {
        return (int) (bytes / PAGE);
    }

    private byte[] bitmap(int offset) {
        return new byte[offset + pages() / 8 + 9];
    }

    private void get(int flags, byte[] bitmap, int offset) {
        world.ioctl(new HwptGetDirtyBitmap(hwpt, flags, AT, bytes, PAGE, bitmap, offset));
    }

    private static TreeSet<Integer> bits(byte[] bitmap, int offset) {
        var bits = new TreeSet<Integer>();
        for (int bit = 0; bit < (bitmap.length - offset) * 8; bit++) {
            if ((bitmap[offset + bit / 8] & 1 << bit % 8) != 0) {
                bits.add(bit);
            }
        }
        return bits;
    }

    /// Writes to some pages; with large pages, all of the large page is dirty.
    private TreeSet<Integer> writeSome(boolean huge) {
        var random = new Random(42);
        var dirty = new TreeSet<Integer>();
        int unit = huge ? 512 : 1;
        for (int i = 0; i < Math.max(1, Math.min(64, pages() / 3)); i++) {
            int page = random.nextInt(pages());
            assertThat(device.iommu().dma().write(0, AT + page * PAGE + 7, new byte[] {1}, 0, 1))
                    .isTrue();
            for (int j = page / unit * unit; j < page / unit * unit + unit; j++) {
                dirty.add(j);
            }
        }
        return dirty;
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void enforceDirty(Variant variant) {
        setUp(variant);
        var unnoted = world.device(MockWorld.NO_DIRTY);

        MockWorld.refused(EINVAL, () -> unnoted.attach(0, hwpt));
        world.refused(EOPNOTSUPP, HwptAlloc.plain(HwptAlloc.DIRTY_TRACKING, unnoted.id(), ioas));
        device.attach(0, hwpt);
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void setDirtyTracking(Variant variant) {
        setUp(variant);
        device.attach(0, hwpt);
        track(true);
        track(false);
        world.refused(EOPNOTSUPP, new HwptSetDirtyTracking(2, hwpt));
        world.refused(ENOENT, new HwptSetDirtyTracking(1, ioas));
        world.refused(ENOENT, new HwptSetDirtyTracking(1, 999));
        int plain = world.ioctl(HwptAlloc.plain(0, device.id(), ioas));
        world.refused(EOPNOTSUPP, new HwptSetDirtyTracking(1, plain));
        world.refused(EOPNOTSUPP, new HwptGetDirtyBitmap(plain, 0, AT, bytes, PAGE, bitmap(0), 0));
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void pasidSetDirtyTracking(Variant variant) {
        setUp(variant);
        var unnoted = world.device(new DeviceTraits(20, false, true, true, true, List.of()));

        MockWorld.refused(EINVAL, () -> unnoted.attach(100, hwpt));
        device.attach(100, hwpt);
        track(true);
        device.iommu().dma().write(100, AT + PAGE, new byte[] {1}, 0, 1);

        var bitmap = bitmap(0);
        get(0, bitmap, 0);
        assertThat(bits(bitmap, 0)).contains(1);
        track(false);
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void deviceDirtyCapability(Variant variant) {
        setUp(variant);

        assertThat(world.info(device).capabilities() & GetHwInfo.CAP_DIRTY_TRACKING)
                .isNotZero();
        var unnoted = world.device(MockWorld.NO_DIRTY);
        assertThat(world.info(unnoted).capabilities() & GetHwInfo.CAP_DIRTY_TRACKING)
                .isZero();
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void getDirtyBitmap(Variant variant) {
        setUp(variant);
        device.attach(0, hwpt);
        for (int offset : new int[] {0, 4096, 3}) {
            track(true);
            var dirty = writeSome(variant.huge);
            var bitmap = bitmap(offset);
            bitmap[bitmap.length - 1] = 64;
            var again = bitmap(offset);

            get(0, bitmap, offset);
            get(0, again, offset);

            // A bit that was set stays set.
            dirty.add((bitmap.length - offset) * 8 - 2);
            assertThat(bits(bitmap, offset)).isEqualTo(dirty);
            assertThat(bits(again, offset)).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void getDirtyBitmapNoClear(Variant variant) {
        setUp(variant);
        device.attach(0, hwpt);
        track(true);
        var dirty = writeSome(variant.huge);
        var bitmap = bitmap(5);
        var again = bitmap(5);

        get(HwptGetDirtyBitmap.NO_CLEAR, bitmap, 5);
        get(HwptGetDirtyBitmap.NO_CLEAR, again, 5);

        assertThat(bits(bitmap, 5)).isEqualTo(dirty);
        assertThat(again).isEqualTo(bitmap);
    }

    @ParameterizedTest
    @EnumSource(
            value = Variant.class,
            names = {"DIRTY_64K"})
    void getDirtyBitmapIsRefused(Variant variant) {
        setUp(variant);
        var bitmap = bitmap(0);

        world.refused(EINVAL, new HwptGetDirtyBitmap(hwpt, 0, AT, bytes, 0, bitmap, 0));
        world.refused(EINVAL, new HwptGetDirtyBitmap(hwpt, 0, AT, bytes, 3000, bitmap, 0));
        world.refused(EINVAL, new HwptGetDirtyBitmap(hwpt, 0, AT, bytes, PAGE / 2, bitmap, 0));
        world.refused(EINVAL, new HwptGetDirtyBitmap(hwpt, 0, AT + 1, bytes, PAGE, bitmap, 0));
        world.refused(EINVAL, new HwptGetDirtyBitmap(hwpt, 0, AT, 0, PAGE, bitmap, 0));
        world.refused(EINVAL, new HwptGetDirtyBitmap(hwpt, 0, AT, 2 * bytes, PAGE, new byte[64], 0));
        world.refused(EOVERFLOW, new HwptGetDirtyBitmap(hwpt, 0, -PAGE, 2 * PAGE, PAGE, bitmap, 0));
        world.refused(EOPNOTSUPP, new HwptGetDirtyBitmap(hwpt, 2, AT, bytes, PAGE, bitmap, 0));
        world.refused(EFAULT, new HwptGetDirtyBitmap(hwpt, 0, AT, bytes, PAGE, new byte[3], 0));
        world.refused(ENOENT, new HwptGetDirtyBitmap(999, 0, AT, bytes, PAGE, bitmap, 0));
    }

    @ParameterizedTest
    @EnumSource(
            value = Variant.class,
            names = {"DIRTY_64K"})
    void trackingBeginsWithNothingDirty(Variant variant) {
        setUp(variant);
        device.attach(0, hwpt);
        track(true);
        writeSome(false);
        track(false);

        track(true);

        var bitmap = bitmap(0);
        get(0, bitmap, 0);
        assertThat(bits(bitmap, 0)).isEmpty();
    }
}
