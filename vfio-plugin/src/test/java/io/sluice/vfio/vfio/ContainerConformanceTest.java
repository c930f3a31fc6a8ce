package io.sluice.vfio.vfio;

import static io.sluice.vfio.iommufd.VfioCheckExtension.TYPE1;
import static io.sluice.vfio.iommufd.VfioCheckExtension.TYPE1_V2;
import static io.sluice.vfio.iommufd.VfioIommuMapDma.READ;
import static io.sluice.vfio.iommufd.VfioIommuMapDma.WRITE;
import static io.sluice.vfio.vfio.ContainerRig.PAGE;
import static io.sluice.vfio.vfio.VfioRig.refused;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.iommu.BlockingDomain;
import io.sluice.vfio.iommufd.VfioCheckExtension;
import io.sluice.vfio.iommufd.VfioGetApiVersion;
import io.sluice.vfio.iommufd.VfioIommuGetInfo;
import io.sluice.vfio.iommufd.VfioIommuMapDma;
import io.sluice.vfio.iommufd.VfioIommuUnmapDma;
import io.sluice.vfio.iommufd.VfioSetIommu;
import io.sluice.vfio.vfio.ContainerRequests.DirtyPages;
import io.sluice.vfio.vfio.GroupRequests.GetDeviceFd;
import io.sluice.vfio.vfio.GroupRequests.GetStatus;
import io.sluice.vfio.vfio.GroupRequests.SetContainer;
import io.sluice.vfio.vfio.GroupRequests.UnsetContainer;
import io.sluice.vmm.address.Iova;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A container with an IOMMU of type 1, and where it differs from an iommufd in its place.
@Timeout(120)
class ContainerConformanceTest {
    private static final String NAME = "0000:01:00.0";
    private static final long IOVA = 0x200000;

    private final ContainerRig rig = new ContainerRig();
    private final VfioNode device = rig.device(NAME);

    @AfterEach
    void close() {
        rig.close();
    }

    private void map(int container, long iova, long vaddr, long size) {
        rig.ask(container, new VfioIommuMapDma(READ | WRITE, vaddr, iova, size));
    }

    private long unmap(int container, long iova, long size) {
        return rig.ask(container, new VfioIommuUnmapDma(0, iova, size));
    }

    private boolean isMapped(long iova) {
        return ContainerRig.domain(device).frameAt(new Iova(iova)) >= 0;
    }

    @Test
    void extensionsAreTold() {
        int container = rig.process.open(VfioHost.CONTAINER);

        assertThat(rig.ask(container, new VfioGetApiVersion())).isZero();
        assertThat(rig.ask(container, new VfioCheckExtension(TYPE1))).isOne();
        assertThat(rig.ask(container, new VfioCheckExtension(TYPE1_V2))).isOne();
        assertThat(rig.ask(container, new VfioCheckExtension(VfioCheckExtension.UNMAP_ALL)))
                .isOne();
        assertThat(rig.ask(container, new VfioCheckExtension(VfioCheckExtension.UPDATE_VADDR)))
                .isZero();
        assertThat(rig.ask(container, new VfioCheckExtension(VfioCheckExtension.NOIOMMU)))
                .isZero();
    }

    @Test
    void thereIsNoWayAroundTheIommu() {
        int container = rig.process.open(VfioHost.CONTAINER);
        int group = rig.process.open(device.group().path());
        rig.ask(group, new SetContainer(container));

        refused(Errno.ENODEV, () -> rig.ask(container, new VfioSetIommu(VfioCheckExtension.NOIOMMU)));
        assertThat(rig.ask(container, new VfioCheckExtension(VfioCheckExtension.NOIOMMU)))
                .isZero();
        assertThat(rig.kernel.nodes()).noneMatch(node -> node.contains("noiommu"));
    }

    @Test
    void theIommuIsSetOnceThereIsAGroup() {
        int container = rig.process.open(VfioHost.CONTAINER);
        refused(Errno.EINVAL, () -> rig.ask(container, new VfioSetIommu(TYPE1_V2)));
        refused(Errno.EINVAL, () -> map(container, IOVA, 0, PAGE));
        int group = rig.process.open(device.group().path());
        rig.ask(group, new SetContainer(container));
        refused(Errno.EINVAL, () -> rig.ask(group, new GetDeviceFd(NAME)));
        refused(Errno.ENODEV, () -> rig.ask(container, new VfioSetIommu(7)));

        rig.ask(container, new VfioSetIommu(TYPE1_V2));

        refused(Errno.EINVAL, () -> rig.ask(container, new VfioSetIommu(TYPE1_V2)));
        assertThat(rig.ask(group, new GetDeviceFd(NAME))).isPositive();
        assertThat(rig.ask(group, new GetStatus())).isEqualTo(3);
    }

    @Test
    void aGroupThatAHostDriverUsesCannotBeOwned() {
        var real = ContainerRig.iommu(device).group();
        real.useNatively();
        int container = rig.process.open(VfioHost.CONTAINER);
        int group = rig.process.open(device.group().path());

        assertThat(rig.ask(group, new GetStatus())).isZero();
        refused(Errno.EBUSY, () -> rig.ask(group, new SetContainer(container)));

        real.dropNative();
        assertThat(rig.ask(group, new GetStatus())).isEqualTo(GroupRequests.VIABLE);
        rig.ask(group, new SetContainer(container));
    }

    @Test
    void anotherOwnersGroupIsRefused() {
        var real = ContainerRig.iommu(device).group();
        real.claim("somebody");
        int container = rig.process.open(VfioHost.CONTAINER);
        int group = rig.process.open(device.group().path());

        refused(Errno.EPERM, () -> rig.ask(group, new SetContainer(container)));
        real.release("somebody");
    }

    @Test
    void theGroupIsBlockedUntilTheIommuIsSetAndAgainWhenItLeaves() {
        int container = rig.process.open(VfioHost.CONTAINER);
        int group = rig.process.open(device.group().path());
        var real = ContainerRig.iommu(device).group();

        rig.ask(group, new SetContainer(container));
        assertThat(real.owner()).isNotNull();
        assertThat(real.domain(0)).isEqualTo(BlockingDomain.INSTANCE);
        rig.ask(container, new VfioSetIommu(TYPE1_V2));
        map(container, IOVA, rig.memory(PAGE), PAGE);
        assertThat(isMapped(IOVA)).isTrue();

        rig.ask(group, new UnsetContainer());
        assertThat(real.owner()).isNull();
        assertThat(rig.kernel.frames().pinned()).isZero();
        refused(Errno.EINVAL, () -> map(container, IOVA, 0, PAGE));
    }

    @Test
    void withTheLastGroupEverythingThatIsMappedGoes() {
        var other = rig.device("0000:02:00.0");
        int container = rig.container(device, TYPE1_V2);
        int second = rig.process.open(other.group().path());
        rig.ask(second, new SetContainer(container));
        map(container, IOVA, rig.memory(PAGE), PAGE);
        assertThat(ContainerRig.domain(other).frameAt(new Iova(IOVA))).isNotNegative();

        rig.ask(second, new UnsetContainer());
        assertThat(isMapped(IOVA)).isTrue();
        rig.process.exit();

        assertThat(rig.kernel.frames().pinned()).isZero();
        assertThat(ContainerRig.iommu(device).group().owner()).isNull();
    }

    @Test
    void malformedMappingsAreRefused() {
        int container = rig.container(device, TYPE1_V2);
        long at = rig.memory(4 * PAGE);

        refused(Errno.EINVAL, () -> map(container, IOVA, at, 0));
        refused(Errno.EINVAL, () -> map(container, IOVA + 1, at, PAGE));
        refused(Errno.EINVAL, () -> map(container, IOVA, at, PAGE + 1));
        refused(Errno.EINVAL, () -> map(container, IOVA, at + 1, PAGE));
        refused(Errno.EINVAL, () -> rig.ask(container, new VfioIommuMapDma(0, at, IOVA, PAGE)));
        refused(Errno.EINVAL, () -> rig.ask(container, new VfioIommuMapDma(8 | READ, at, IOVA, PAGE)));
        refused(Errno.EINVAL, () -> rig.ask(container, new VfioIommuMapDma(4, at, IOVA, PAGE)));
        refused(Errno.EOVERFLOW, () -> map(container, -PAGE, at, 2 * PAGE));
        refused(Errno.EOVERFLOW, () -> map(container, IOVA, -PAGE, 2 * PAGE));
        refused(Errno.EINVAL, () -> map(container, 0xFEE00000L, at, PAGE));
        refused(Errno.EFAULT, () -> map(container, IOVA, at + 4 * PAGE, PAGE));
        map(container, IOVA, at, 2 * PAGE);
        refused(Errno.EEXIST, () -> map(container, IOVA, at, PAGE));
        refused(Errno.EEXIST, () -> map(container, IOVA + PAGE, at, 2 * PAGE));
        refused(Errno.EEXIST, () -> map(container, IOVA - PAGE, at, 2 * PAGE));
        assertThat(unmap(container, IOVA, 2 * PAGE)).isEqualTo(2 * PAGE);
        assertThat(rig.kernel.frames().pinned()).isZero();
    }

    @Test
    void versionTwoNeverCutsAMapping() {
        int container = rig.container(device, TYPE1_V2);
        map(container, IOVA, rig.memory(4 * PAGE), 4 * PAGE);

        refused(Errno.EINVAL, () -> unmap(container, IOVA, 2 * PAGE));
        refused(Errno.EINVAL, () -> unmap(container, IOVA + PAGE, PAGE));
        refused(Errno.EINVAL, () -> unmap(container, IOVA + PAGE, 3 * PAGE));

        assertThat(unmap(container, 0x500000, PAGE)).isZero();
        assertThat(unmap(container, IOVA - PAGE, 8 * PAGE)).isEqualTo(4 * PAGE);
        assertThat(unmap(container, IOVA, 4 * PAGE)).isZero();
    }

    @Test
    void versionOneUnmapsMoreThanWasAsked() {
        int container = rig.container(device, TYPE1);
        map(container, IOVA, rig.memory(4 * PAGE), 4 * PAGE);

        assertThat(unmap(container, IOVA + PAGE, PAGE)).isEqualTo(4 * PAGE);
        assertThat(isMapped(IOVA)).isFalse();
    }

    @Test
    void allIsUnmappedByAFlag() {
        int container = rig.container(device, TYPE1_V2);
        map(container, IOVA, rig.memory(PAGE), PAGE);
        map(container, 2 * IOVA, rig.memory(PAGE), PAGE);

        refused(Errno.EINVAL, () -> rig.ask(container, new VfioIommuUnmapDma(2, IOVA, 0)));
        refused(Errno.EINVAL, () -> rig.ask(container, new VfioIommuUnmapDma(2, 0, PAGE)));
        assertThat(rig.ask(container, new VfioIommuUnmapDma(2, 0, 0))).isEqualTo(2 * PAGE);
        assertThat(rig.ask(container, new VfioIommuUnmapDma(2, 0, 0))).isZero();
        refused(Errno.EINVAL, () -> unmap(container, IOVA, 0));
        refused(Errno.EOVERFLOW, () -> unmap(container, -PAGE, 2 * PAGE));
    }

    @Test
    void thereAreSoManyMappingsAtMost() {
        int container = rig.container(device, TYPE1_V2);
        long at = rig.memory(PAGE);
        for (int i = 0; i < ContainerMappings.MOST; i++) {
            map(container, 0x1_0000_0000L + 2 * PAGE * i, at, PAGE);
        }

        assertThat(rig.ask(container, new VfioIommuGetInfo()).mappingsLeft()).isZero();
        refused(Errno.ENOSPC, () -> map(container, IOVA, at, PAGE));
        assertThat(unmap(container, 0x1_0000_0000L, PAGE)).isEqualTo(PAGE);
        map(container, IOVA, at, PAGE);
    }

    @Test
    void addressesOfProcessesAreNeverChanged() {
        int container = rig.container(device, TYPE1_V2);
        refused(Errno.EINVAL, () -> rig.ask(container, new VfioIommuUnmapDma(4, IOVA, PAGE)));
        var mdev = rig.emulated("mdev");
        int group = rig.process.open(mdev.group().path());
        rig.ask(group, new SetContainer(container));

        refused(Errno.EBUSY, () -> rig.ask(container, new VfioIommuUnmapDma(4, IOVA, PAGE)));
        refused(Errno.EBUSY, () -> rig.ask(container, new VfioIommuMapDma(4, 0, IOVA, PAGE)));
    }

    @Test
    void anEmulatedDeviceIsBoundWhenItIsOpenedAndPinsNothingBefore() {
        var mdev = rig.emulated("mdev");
        int container = rig.container(mdev, TYPE1_V2);
        map(container, IOVA, rig.memory(PAGE), PAGE);
        assertThat(rig.kernel.frames().pinned()).isZero();
        int group = rig.process.open(device.group().path());
        rig.ask(group, new SetContainer(container));
        assertThat(rig.kernel.frames().pinned()).isEqualTo(PAGE);
    }

    @Test
    void whatIsMappedIsDirtyWhileItIsNoted() {
        int container = rig.container(device, TYPE1_V2);
        map(container, IOVA, rig.memory(2 * PAGE), 2 * PAGE);
        var bitmap = new long[1];
        var get = new DirtyPages(ContainerRequests.DIRTY_GET_BITMAP, IOVA - PAGE, 8 * PAGE, PAGE, bitmap);

        refused(Errno.EINVAL, () -> rig.ask(container, get));
        refused(Errno.EINVAL, () -> rig.ask(container, new DirtyPages(3)));
        rig.ask(container, new DirtyPages(ContainerRequests.DIRTY_START));
        assertThat(rig.ask(container, get)).isEqualTo(2);
        assertThat(bitmap).containsExactly(0b110);
        refused(
                Errno.EINVAL,
                () -> rig.ask(
                        container,
                        new DirtyPages(ContainerRequests.DIRTY_GET_BITMAP, IOVA, PAGE, 2 * PAGE, new long[1])));
        refused(
                Errno.EINVAL,
                () -> rig.ask(
                        container,
                        new DirtyPages(ContainerRequests.DIRTY_GET_BITMAP, IOVA, 65 * PAGE, PAGE, new long[1])));
        rig.ask(container, new DirtyPages(ContainerRequests.DIRTY_STOP));
        refused(Errno.EINVAL, () -> rig.ask(container, get));
    }
}
