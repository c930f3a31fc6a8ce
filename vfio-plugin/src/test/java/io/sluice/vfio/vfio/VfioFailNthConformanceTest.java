package io.sluice.vfio.vfio;

import static io.sluice.vfio.iommufd.VfioCheckExtension.TYPE1_V2;
import static io.sluice.vfio.vfio.ContainerRig.PAGE;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.iommu.DeviceTraits;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vfio.iommufd.HwptAlloc;
import io.sluice.vfio.iommufd.IoasAlloc;
import io.sluice.vfio.iommufd.IoasMap;
import io.sluice.vfio.iommufd.Iommufd;
import io.sluice.vfio.iommufd.VfioIommuMapDma;
import io.sluice.vfio.iommufd.VfioSetIommu;
import io.sluice.vfio.testkit.FailureSweep;
import io.sluice.vfio.vfio.DeviceRequests.AttachIommufdPt;
import io.sluice.vfio.vfio.DeviceRequests.BindIommufd;
import io.sluice.vfio.vfio.GroupRequests.GetDeviceFd;
import io.sluice.vfio.vfio.GroupRequests.SetContainer;
import io.sluice.vmm.address.Bdf;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Every request that changes something is failed at its 1st, 2nd, … n-th inner step; nothing is left of it, and then
/// it
/// succeeds.
@Timeout(120)
class VfioFailNthConformanceTest {
    private static final String NAME = "0000:01:00.0";
    private static final long IOVA = 0x200000;

    private final ContainerRig rig = new ContainerRig();
    private final VfioNode node = rig.device(NAME);

    @AfterEach
    void close() {
        rig.close();
    }

    /// What can be seen from outside.
    private List<Object> state() {
        var seen = new ArrayList<>();
        var group = ContainerRig.iommu(node).group();
        seen.add(rig.kernel.frames().pinned());
        seen.add(rig.process.memory().pinnedPages());
        seen.add(rig.process.memory().lockedPages());
        seen.add(rig.process.user().lockedPages());
        seen.add(rig.process.descriptors());
        seen.add(String.valueOf(group.owner() != null));
        seen.add(group.domain(0));
        seen.add(group.domain(7));
        seen.add(node.isInUse());
        seen.add(node.authorized());
        seen.add(rig.kernel.nodes());
        for (int fd : rig.process.descriptors()) {
            if (rig.process.file(fd) instanceof Iommufd iommufd) {
                seen.add(iommufd.objectCount());
            }
        }
        return seen;
    }

    private List<String> sweep(Runnable request) {
        return FailureSweep.sweep(rig.steps, this::state, request);
    }

    @Test
    void registerADevice() {
        var device = new TestDevice();
        device.iommu = rig.unit.add(Bdf.parse("0000:05:00.0"), List.of(), new IommuGroup(5), DeviceTraits.PLAIN);

        assertThat(sweep(() -> rig.host.register("0000:05:00.0", device, rig.loop.strand(), DeviceSet.alone())))
                .contains("vfio.register.node");
    }

    @Test
    void bindAttachAndReplace() {
        int iommufd = rig.process.open("/dev/iommu");
        int fd = rig.process.open(node.path());
        int[] id = new int[1];

        assertThat(sweep(() -> id[0] = rig.ask(fd, new BindIommufd(iommufd)))).contains("vfio.open.device");

        int ioas = rig.ask(iommufd, new IoasAlloc(0));
        int flags = IoasMap.FIXED_IOVA | IoasMap.READABLE | IoasMap.WRITEABLE;
        rig.ask(iommufd, new IoasMap(flags, ioas, rig.memory(4 * PAGE), 4 * PAGE, IOVA));
        assertThat(sweep(() -> rig.ask(fd, new AttachIommufdPt(ioas)))).contains("vfio.attach.entry");

        int other = rig.ask(iommufd, new IoasAlloc(0));
        int table = rig.ask(iommufd, HwptAlloc.plain(HwptAlloc.ALLOC_PASID, id[0], other));
        assertThat(sweep(() -> rig.ask(fd, new AttachIommufdPt(table)))).isNotEmpty();
        assertThat(sweep(() -> rig.ask(fd, new AttachIommufdPt(1, table, 7)))).isNotEmpty();
        assertThat(node.authorized()).containsExactly(0, 7);
    }

    @Test
    void bindAnEmulatedDevice() {
        var mdev = rig.emulated("mdev");
        int iommufd = rig.process.open("/dev/iommu");
        int fd = rig.process.open(mdev.path());

        assertThat(sweep(() -> rig.ask(fd, new BindIommufd(iommufd)))).contains("iommufd.access.object");
        int ioas = rig.ask(iommufd, new IoasAlloc(0));
        assertThat(sweep(() -> rig.ask(fd, new AttachIommufdPt(ioas)))).isNotEmpty();
    }

    @Test
    void aContainerFromOpenToMap() {
        int[] fds = new int[2];
        assertThat(sweep(() -> fds[0] = rig.process.open(VfioHost.CONTAINER))).contains("process.descriptor");
        assertThat(sweep(() -> fds[1] = rig.process.open(node.group().path()))).contains("process.descriptor");

        assertThat(sweep(() -> rig.ask(fds[1], new SetContainer(fds[0])))).isNotEmpty();
        assertThat(sweep(() -> rig.ask(fds[0], new VfioSetIommu(TYPE1_V2)))).isNotEmpty();
        long at = rig.memory(4 * PAGE);
        assertThat(sweep(() -> rig.ask(fds[0], new VfioIommuMapDma(3, at, IOVA, 4 * PAGE))))
                .isNotEmpty();
        assertThat(sweep(() -> rig.ask(fds[1], new GetDeviceFd(NAME)))).contains("process.descriptor");
    }

    @Test
    void aGroupInAnIommufd() {
        int iommufd = rig.process.open("/dev/iommu");
        int group = rig.process.open(node.group().path());

        rig.ask(group, new SetContainer(iommufd));
        assertThat(sweep(() -> rig.ask(group, new GetDeviceFd(NAME)))).contains("vfio.open.device");
    }
}
