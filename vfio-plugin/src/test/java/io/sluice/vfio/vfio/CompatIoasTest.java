package io.sluice.vfio.vfio;

import static io.sluice.vfio.vfio.VfioRig.refused;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.memory.MemFile;
import io.sluice.vfio.host.process.MemFileHandle;
import io.sluice.vfio.iommufd.IoasAlloc;
import io.sluice.vfio.iommufd.IoasMap;
import io.sluice.vfio.iommufd.IoasMapFile;
import io.sluice.vfio.iommufd.IommuDestroy;
import io.sluice.vfio.iommufd.IommuVfioIoas;
import io.sluice.vfio.vfio.GroupRequests.GetDeviceFd;
import io.sluice.vfio.vfio.GroupRequests.SetContainer;
import io.sluice.vmm.address.Iova;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A group in an iommufd attaches its devices to what stands for the container when they are opened.
@Timeout(120)
class CompatIoasTest {
    private static final String NAME = "0000:01:00.0";
    private static final String EMULATED = "emulated";
    private static final int RW = IoasMap.FIXED_IOVA | IoasMap.READABLE | IoasMap.WRITEABLE;
    private static final long IOVA = 0x4000;

    private final ContainerRig rig = new ContainerRig();
    private final VfioNode device = rig.device(NAME);
    private final VfioNode emulated = rig.emulated(EMULATED);
    private final int iommufd = rig.process.open("/dev/iommu");

    @AfterEach
    void close() {
        rig.close();
    }

    private int group(VfioNode node) {
        int group = rig.process.open(node.group().path());
        rig.ask(group, new SetContainer(iommufd));
        return group;
    }

    private int compat() {
        return rig.ask(iommufd, new IommuVfioIoas(0, IommuVfioIoas.GET));
    }

    private int mapped() {
        int ioas = rig.ask(iommufd, new IoasAlloc(0));
        var file = MemFile.create(rig.kernel.frames(), ContainerRig.PAGE);
        int memfd = rig.process.install(new MemFileHandle(file));
        rig.ask(iommufd, new IoasMapFile(RW, ioas, memfd, 0, ContainerRig.PAGE, IOVA));
        return ioas;
    }

    @Test
    void anIdThatIsGivenAgainIsNotTheContainers() {
        int group = group(device);
        int group2 = group(emulated);
        int first = compat();
        rig.ask(iommufd, new IommuDestroy(first));

        int next = rig.ask(iommufd, new IoasAlloc(0));

        assertThat(next).isEqualTo(first);
        refused(Errno.ENODEV, () -> rig.ask(group, new GetDeviceFd(NAME)));
        refused(Errno.ENODEV, () -> rig.ask(group2, new GetDeviceFd(EMULATED)));
        assertThat(device.isInUse()).isFalse();
        assertThat(emulated.isInUse()).isFalse();
    }

    @Test
    void anotherIoasThatIsNamedForItIsTheContainers() {
        int group = group(device);
        rig.ask(iommufd, new IommuDestroy(compat()));
        rig.ask(iommufd, new IoasAlloc(0));
        int named = mapped();
        rig.ask(iommufd, new IommuVfioIoas(named, IommuVfioIoas.SET));

        rig.ask(group, new GetDeviceFd(NAME));

        assertThat(ContainerRig.domain(device).frameAt(new Iova(IOVA))).isNotNegative();
    }
}
