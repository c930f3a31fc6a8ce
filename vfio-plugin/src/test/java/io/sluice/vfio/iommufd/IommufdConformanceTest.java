package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EBUSY;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.ENODEV;
import static io.sluice.vfio.host.Errno.ENOENT;
import static io.sluice.vfio.host.Errno.ENOTTY;
import static io.sluice.vfio.host.Errno.EOPNOTSUPP;
import static io.sluice.vfio.host.Errno.EPERM;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.process.Request;
import io.sluice.vfio.testkit.MockWorld;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The kernel's fixture `iommufd`.
@Timeout(120)
final class IommufdConformanceTest {
    private final MockWorld world = new MockWorld();

    private record Unknown() implements Request<Integer> {}

    @AfterEach
    void close() {
        world.close();
    }

    @Test
    void simpleClose() {
        int other = world.process.open("/dev/iommu");
        world.process.ioctl(other, new IoasAlloc(0));

        world.process.close(other);

        assertThat(world.context().objectCount()).isZero();
    }

    @Test
    void cmdFail() {
        world.refused(ENOENT, new IommuDestroy(0));
        world.refused(ENOENT, new IommuDestroy(77));
        world.refused(ENOTTY, new Unknown());
    }

    @Test
    void globalOptions() {
        assertThat(world.ioctl(IommuOption.get(IommuOption.RLIMIT_MODE, 0))).isZero();
        world.ioctl(IommuOption.set(IommuOption.RLIMIT_MODE, 0, 1));
        assertThat(world.ioctl(IommuOption.get(IommuOption.RLIMIT_MODE, 0))).isEqualTo(1);
        world.refused(EINVAL, IommuOption.set(IommuOption.RLIMIT_MODE, 0, 2));
        world.ioctl(IommuOption.set(IommuOption.RLIMIT_MODE, 0, 0));
        assertThat(world.ioctl(IommuOption.get(IommuOption.RLIMIT_MODE, 0))).isZero();

        world.refused(ENOENT, IommuOption.get(IommuOption.HUGE_PAGES, 0));
        world.refused(ENOENT, IommuOption.set(IommuOption.HUGE_PAGES, 0, 0));
        world.refused(EOPNOTSUPP, IommuOption.get(7, 0));
        world.refused(EOPNOTSUPP, IommuOption.get(IommuOption.RLIMIT_MODE, 3));
        world.refused(EOPNOTSUPP, new IommuOption(IommuOption.RLIMIT_MODE, 2, 0, 0));
    }

    @Test
    void rlimitModeNeedsThePrivilegeAndNoObjects() {
        var plain = world.kernel.start("plain", 1001, Set.of(), 1 << 20);
        int fd = plain.open("/dev/iommu");
        world.newIoas();

        MockWorld.refused(EPERM, () -> plain.ioctl(fd, IommuOption.set(IommuOption.RLIMIT_MODE, 0, 1)));
        world.refused(EBUSY, IommuOption.set(IommuOption.RLIMIT_MODE, 0, 1));
    }

    @Test
    void simpleIoctls() {
        assertThat(world.ioctl(new VfioGetApiVersion())).isZero();
        assertThat(world.ioctl(new VfioCheckExtension(VfioCheckExtension.TYPE1_V2)))
                .isEqualTo(1);
        assertThat(world.ioctl(new VfioCheckExtension(VfioCheckExtension.UPDATE_VADDR)))
                .isZero();
        assertThat(world.ioctl(new VfioCheckExtension(VfioCheckExtension.TYPE1_NESTING)))
                .isZero();
        assertThat(world.ioctl(new VfioCheckExtension(VfioCheckExtension.NOIOMMU)))
                .isZero();
    }

    @Test
    void unmapCmd() {
        world.refused(EINVAL, new VfioIommuUnmapDma(1 << 31, 0, MockWorld.PAGE));
        world.refused(ENODEV, new VfioIommuUnmapDma(0, 0, MockWorld.PAGE));
    }

    @Test
    void mapCmd() {
        world.refused(EINVAL, new VfioIommuMapDma(1 << 31, 0, 0, MockWorld.PAGE));
        world.refused(EINVAL, new VfioIommuMapDma(VfioIommuMapDma.VADDR, 0, 0, MockWorld.PAGE));
        world.refused(ENODEV, new VfioIommuMapDma(VfioIommuMapDma.READ, 0, 0, MockWorld.PAGE));
    }

    @Test
    void infoCmd() {
        world.refused(ENODEV, new VfioIommuGetInfo());
    }

    @Test
    void setIommuCmd() {
        world.refused(ENODEV, new VfioSetIommu(VfioCheckExtension.TYPE1));
        world.refused(ENODEV, new VfioSetIommu(VfioCheckExtension.TYPE1_V2));
        world.refused(EINVAL, new VfioSetIommu(VfioCheckExtension.NOIOMMU));
    }

    @Test
    void vfioIoas() {
        world.refused(ENODEV, new IommuVfioIoas(0, IommuVfioIoas.GET));
        world.refused(ENOENT, new IommuVfioIoas(77, IommuVfioIoas.SET));
        int ioas = world.newIoas();

        world.ioctl(new IommuVfioIoas(ioas, IommuVfioIoas.SET));

        assertThat(world.ioctl(new IommuVfioIoas(0, IommuVfioIoas.GET))).isEqualTo(ioas);
        world.ioctl(new IommuVfioIoas(0, IommuVfioIoas.CLEAR));
        world.refused(ENODEV, new IommuVfioIoas(0, IommuVfioIoas.GET));
        world.refused(EOPNOTSUPP, new IommuVfioIoas(0, 9));
    }

    @Test
    void anIoasThatStandsForTheContainerMayGo() {
        int ioas = world.newIoas();
        world.ioctl(new IommuVfioIoas(ioas, IommuVfioIoas.SET));

        world.destroy(ioas);

        world.refused(ENODEV, new IommuVfioIoas(0, IommuVfioIoas.GET));
    }
}
