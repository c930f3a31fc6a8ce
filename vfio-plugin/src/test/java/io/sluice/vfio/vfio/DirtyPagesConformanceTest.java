package io.sluice.vfio.vfio;

import static io.sluice.vfio.iommufd.VfioCheckExtension.TYPE1;
import static io.sluice.vfio.iommufd.VfioCheckExtension.TYPE1_V2;
import static io.sluice.vfio.iommufd.VfioIommuMapDma.READ;
import static io.sluice.vfio.iommufd.VfioIommuMapDma.WRITE;
import static io.sluice.vfio.vfio.ContainerRequests.DIRTY_GET_BITMAP;
import static io.sluice.vfio.vfio.ContainerRequests.DIRTY_START;
import static io.sluice.vfio.vfio.ContainerRequests.DIRTY_STOP;
import static io.sluice.vfio.vfio.ContainerRig.PAGE;
import static io.sluice.vfio.vfio.VfioRig.refused;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.iommufd.IommufdAccess;
import io.sluice.vfio.iommufd.VfioIommuMapDma;
import io.sluice.vfio.iommufd.VfioIommuUnmapDma;
import io.sluice.vfio.vfio.ContainerRequests.DirtyPages;
import io.sluice.vfio.vfio.GroupRequests.GetDeviceFd;
import io.sluice.vfio.vfio.GroupRequests.SetContainer;
import io.sluice.vfio.vfio.GroupRequests.UnsetContainer;
import io.sluice.vmm.address.Iova;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Which pages of a container count as written: with a device that writes by the IOMMU all that are mapped, with
/// emulated ones alone those that they have pinned or written.
@Timeout(120)
class DirtyPagesConformanceTest {
    private static final long IOVA = 0x200000;
    private static final int PAGES = 16;

    private final ContainerRig rig = new ContainerRig();
    private final Pinner pinner = new Pinner();
    private final VfioNode mdev = rig.host.register("mdev", pinner, rig.loop.strand(), DeviceSet.alone());
    private final int container = rig.container(mdev, TYPE1_V2);

    /// An emulated device that reaches memory by its access, and gives back what it is asked for.
    private static final class Pinner extends TestDevice {
        private @Nullable IommufdAccess bound;

        @Override
        public void bound(@Nullable IommufdAccess access) {
            bound = access;
        }

        @Override
        public boolean needsPinnedPages() {
            return true;
        }

        @Override
        public void unmapped(Iova iova, long length) {
            access().unpinAll(iova.bits(), length);
        }

        IommufdAccess access() {
            return Objects.requireNonNull(bound);
        }
    }

    @AfterEach
    void close() {
        rig.process.exit();
        assertThat(rig.kernel.frames().pinned()).isZero();
        rig.close();
    }

    private IommufdAccess open() {
        int group = rig.process.descriptors().stream()
                .filter(fd -> rig.process.file(fd) instanceof VfioGroupFile)
                .findFirst()
                .orElseThrow();
        rig.ask(group, new GetDeviceFd("mdev"));
        map(IOVA, PAGES);
        return pinner.access();
    }

    private void map(long iova, int pages) {
        rig.ask(container, new VfioIommuMapDma(READ | WRITE, rig.memory(pages * PAGE), iova, pages * PAGE));
    }

    private void start() {
        rig.ask(container, new DirtyPages(DIRTY_START));
    }

    private long dirty() {
        return dirty(IOVA, PAGES);
    }

    private long dirty(long iova, int pages) {
        var bitmap = new long[1];
        long count = rig.ask(container, new DirtyPages(DIRTY_GET_BITMAP, iova, pages * PAGE, PAGE, bitmap));
        assertThat(count).isEqualTo(Long.bitCount(bitmap[0]));
        return bitmap[0];
    }

    private long unmapped(int pages) {
        var bitmap = new long[1];
        var request = new VfioIommuUnmapDma(VfioIommuUnmapDma.GET_DIRTY_BITMAP, IOVA, pages * PAGE, PAGE, bitmap);
        assertThat(rig.ask(container, request)).isEqualTo(pages * PAGE);
        return bitmap[0];
    }

    // ---- emulated devices alone

    @Test
    void whatIsMappedAndNeverTouchedIsClean() {
        open();
        start();

        assertThat(dirty()).isZero();
    }

    @Test
    void whatIsPinnedIsDirtyEachTimeAndOnceMoreWhenItWasGivenBack() {
        var access = open();
        var before = access.pin(IOVA, PAGE, false);
        start();
        access.pin(IOVA + 4 * PAGE, 2 * PAGE, true);

        assertThat(dirty()).isEqualTo(0b110001);
        assertThat(dirty()).isEqualTo(0b110001);
        access.unpin(before);
        assertThat(dirty()).isEqualTo(0b110001);
        assertThat(dirty()).isEqualTo(0b110000);
    }

    @Test
    void whatIsPinnedAndGivenBackWhileItIsNotedIsDirtyOnce() {
        var access = open();
        access.unpin(access.pin(IOVA, PAGE, true));
        start();
        access.unpin(access.pin(IOVA + 2 * PAGE, PAGE, false));

        assertThat(dirty()).isEqualTo(0b100);
        assertThat(dirty()).isZero();
    }

    @Test
    void whatIsWrittenIsDirtyOnceAndWhatIsReadNever() {
        var access = open();
        start();
        access.read(IOVA, new byte[8], 0, 8);
        access.write(IOVA + 2 * PAGE - 4, new byte[8], 0, 8);

        assertThat(dirty()).isEqualTo(0b110);
        assertThat(dirty()).isZero();
        access.write(IOVA + 15 * PAGE, new byte[1], 0, 1);
        assertThat(dirty()).isEqualTo(1 << 15);
    }

    @Test
    void aReportForgetsOnlyWhatItReports() {
        var access = open();
        map(IOVA + PAGES * PAGE, 2);
        start();
        access.write(IOVA, new byte[1], 0, 1);
        access.write(IOVA + PAGES * PAGE, new byte[1], 0, 1);

        assertThat(dirty(IOVA, PAGES)).isEqualTo(1);
        assertThat(dirty(IOVA + PAGES * PAGE, 2)).isEqualTo(1);
        assertThat(dirty(IOVA, PAGES + 2)).isZero();
    }

    @Test
    void bitsAreSetAndNeverCleared() {
        open().write(IOVA, new byte[1], 0, 1);
        start();
        pinner.access().write(IOVA + PAGE, new byte[1], 0, 1);
        var bitmap = new long[] {0x8000};

        rig.ask(container, new DirtyPages(DIRTY_GET_BITMAP, IOVA, PAGES * PAGE, PAGE, bitmap));

        assertThat(bitmap[0]).isEqualTo(0x8002);
    }

    @Test
    void aMappingOfManyPagesHasItsBits() {
        var access = open();
        int pages = 1500;
        map(0x1000_0000L, pages);
        start();
        access.pin(0x1000_0000L + 60 * PAGE, 1000 * PAGE, true);
        access.write(0x1000_0000L + 1499 * PAGE, new byte[1], 0, 1);
        var bitmap = new long[24];

        long count = rig.ask(container, new DirtyPages(DIRTY_GET_BITMAP, 0x1000_0000L, pages * PAGE, PAGE, bitmap));

        assertThat(count).isEqualTo(1001);
        assertThat(bitmap[0]).isEqualTo(0xFL << 60);
        assertThat(bitmap[1]).isEqualTo(-1L);
        assertThat(bitmap[16]).isEqualTo((1L << 1060 - 1024) - 1);
        assertThat(bitmap[23]).isEqualTo(1L << 1499 - 23 * 64);
    }

    // ---- with a device that writes by the IOMMU

    @Test
    void withADeviceBehindTheIommuAllThatIsMappedIsDirtyEachTime() {
        var access = open();
        start();
        access.write(IOVA, new byte[1], 0, 1);
        int group = join();

        assertThat(dirty()).isEqualTo(0xFFFF);
        assertThat(dirty()).isEqualTo(0xFFFF);

        rig.ask(group, new UnsetContainer());
        assertThat(dirty()).as("it may have written just before it left").isEqualTo(0xFFFF);
        assertThat(dirty()).isZero();
    }

    @Test
    void aDeviceThatLeavesUnnotedDirtiesNothing() {
        open();
        int group = join();
        rig.ask(group, new UnsetContainer());
        start();

        assertThat(dirty()).isZero();
    }

    private int join() {
        int group = rig.process.open(rig.device("0000:01:00.0").group().path());
        rig.ask(group, new SetContainer(container));
        return group;
    }

    // ---- unmapping

    @Test
    void anUnmappingTellsWhatWasDirtyInIt() {
        var access = open();
        start();
        access.write(IOVA + PAGE, new byte[1], 0, 1);
        access.pin(IOVA + 3 * PAGE, PAGE, true);

        assertThat(unmapped(PAGES)).isEqualTo(0b1010);
        map(IOVA, PAGES);
        assertThat(dirty()).as("what is mapped there afterwards is new").isZero();
    }

    @Test
    void anUnmappingThatDoesNotAskForgetsToo() {
        var access = open();
        start();
        access.write(IOVA, new byte[1], 0, 1);
        access.pin(IOVA, PAGE, true);

        rig.ask(container, new VfioIommuUnmapDma(0, IOVA, PAGES * PAGE));
        map(IOVA, PAGES);

        assertThat(dirty()).isZero();
    }

    @Test
    void anUnmappingWithADeviceBehindTheIommuTellsOfAll() {
        open();
        join();
        start();

        assertThat(unmapped(PAGES)).isEqualTo(0xFFFF);
    }

    @Test
    void anUnmappingThatCannotTellUnmapsNothing() {
        open();
        int tell = VfioIommuUnmapDma.GET_DIRTY_BITMAP;
        var bits = new long[1];
        refused(Errno.EINVAL, () -> rig.ask(container, new VfioIommuUnmapDma(tell, IOVA, PAGES * PAGE, PAGE, bits)));
        start();
        for (int flag : new int[] {VfioIommuUnmapDma.ALL, VfioIommuUnmapDma.VADDR}) {
            refused(Errno.EINVAL, () -> rig.ask(container, new VfioIommuUnmapDma(tell | flag, 0, 0, PAGE, bits)));
        }
        refused(
                Errno.EINVAL,
                () -> rig.ask(container, new VfioIommuUnmapDma(tell, IOVA, PAGES * PAGE, 2 * PAGE, bits)));
        refused(
                Errno.EINVAL,
                () -> rig.ask(container, new VfioIommuUnmapDma(tell, IOVA, PAGES * PAGE, PAGE, new long[0])));
        refused(Errno.EINVAL, () -> rig.ask(container, new VfioIommuUnmapDma(tell, IOVA, PAGE, PAGE, bits)));

        assertThat(unmapped(PAGES)).isZero();
    }

    // ---- requests

    @Test
    void aReportHasWholeMappingsInIt() {
        open();
        start();

        refused(Errno.EINVAL, () -> dirty(IOVA, PAGES - 1));
        refused(Errno.EINVAL, () -> dirty(IOVA + PAGE, PAGES));
        refused(Errno.EINVAL, () -> dirty(IOVA + 1, PAGES));
        refused(Errno.EINVAL, () -> dirty(IOVA, 0));
        refused(Errno.EINVAL, () -> dirty(-PAGE, 2));
        assertThat(dirty(IOVA - PAGE, PAGES + 2)).isZero();
        assertThat(dirty(0x100000, 3)).as("nothing is there").isZero();
    }

    @Test
    void startAndStopMayBeSaidTwiceAndStopForgets() {
        var access = open();
        start();
        access.write(IOVA, new byte[1], 0, 1);
        start();
        assertThat(dirty()).isEqualTo(1);
        access.write(IOVA, new byte[1], 0, 1);

        rig.ask(container, new DirtyPages(DIRTY_STOP));
        rig.ask(container, new DirtyPages(DIRTY_STOP));
        refused(Errno.EINVAL, this::dirty);
        start();

        assertThat(dirty()).isZero();
    }

    @Test
    void versionOneNotesNothing() {
        int other = rig.container(rig.emulated("other"), TYPE1);

        refused(Errno.EACCES, () -> rig.ask(other, new DirtyPages(DIRTY_START)));
    }
}
