package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EBUSY;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.ENOENT;
import static io.sluice.vfio.host.Errno.ENOMEM;
import static io.sluice.vfio.host.Errno.EOPNOTSUPP;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.iommu.BlockingDomain;
import io.sluice.vfio.host.iommu.DeviceTraits;
import io.sluice.vfio.host.iommu.IommuUnit;
import io.sluice.vfio.host.iommu.UnitSettings;
import io.sluice.vfio.testkit.MockWorld;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The kernel's fixture `iommufd_device_pasid`, and the rules of attachment by PASID one by one.
@Timeout(120)
final class IommufdDevicePasidConformanceTest {
    private static final int PASID = 100;

    private final MockWorld world = new MockWorld();
    private final IommufdDevice device = world.device(MockWorld.PASID);
    private int ioas;
    private int takes;
    private int takesToo;
    private int takesNot;

    @BeforeEach
    void setUp() {
        ioas = world.newIoas();
        takes = world.ioctl(HwptAlloc.plain(HwptAlloc.ALLOC_PASID, device.id(), ioas));
        takesToo = world.ioctl(HwptAlloc.plain(HwptAlloc.ALLOC_PASID, device.id(), ioas));
        takesNot = world.ioctl(HwptAlloc.plain(0, device.id(), ioas));
    }

    @AfterEach
    void close() {
        world.close();
    }

    private static DeviceTraits pasidBits(int bits) {
        return new DeviceTraits(bits, true, true, true, true, List.of());
    }

    /// Whether DMA with a PASID gets to memory that is mapped at an address.
    private boolean reaches(IommufdDevice by, int pasid, long iova) {
        return by.iommu().dma().read(pasid, iova, new byte[1], 0, 1);
    }

    @Test
    void pasidAttach() {
        world.mapAt(ioas, world.buffer(MockWorld.PAGE), MockWorld.PAGE, MockWorld.APERTURE_START);
        assertThat(reaches(device, PASID, MockWorld.APERTURE_START)).isFalse();

        assertThat(device.attach(PASID, takes)).isEqualTo(takes);

        assertThat(reaches(device, PASID, MockWorld.APERTURE_START)).isTrue();
        assertThat(reaches(device, 0, MockWorld.APERTURE_START)).isFalse();
        world.refused(EBUSY, new IommuDestroy(takes));
        assertThat(device.replace(PASID, takesToo)).isEqualTo(takesToo);
        world.destroy(takes);
        device.detach(PASID);
        assertThat(reaches(device, PASID, MockWorld.APERTURE_START)).isFalse();
        world.destroy(takesToo);
    }

    @Test
    void pasidAttachOfADeviceThatHasNone() {
        var plain = world.device(MockWorld.PLAIN);

        MockWorld.refused(EINVAL, () -> plain.attach(PASID, takes));
        assertThat(plain.attach(0, takes)).isEqualTo(takes);
    }

    @Test
    void theTableHasToTakePasids() {
        MockWorld.refused(EINVAL, () -> device.attach(PASID, takesNot));

        assertThat(device.attachedTo(PASID)).isZero();
        assertThat(device.iommu().group().domain(PASID)).isEqualTo(BlockingDomain.INSTANCE);
    }

    @Test
    void whatIsAttachedWithoutAPasidHasToTakePasidsToo() {
        device.attach(0, takesNot);
        MockWorld.refused(EINVAL, () -> device.attach(PASID, takes));
        device.replace(0, takes);
        device.attach(PASID, takes);

        MockWorld.refused(EINVAL, () -> device.replace(0, takesNot));
        MockWorld.refused(EINVAL, () -> device.replace(0, ioas));
        assertThat(device.attachedTo(0)).isEqualTo(takes);
        device.detach(0);
        MockWorld.refused(EINVAL, () -> device.attach(0, takesNot));
        MockWorld.refused(EINVAL, () -> device.attach(0, ioas));
        device.detach(PASID);
        device.attach(0, takesNot);
    }

    @Test
    void anIoasIsNoTargetForAPasid() {
        int objects = world.context().objectCount();

        MockWorld.refused(EINVAL, () -> device.attach(PASID, ioas));
        device.attach(PASID, takes);
        MockWorld.refused(EINVAL, () -> device.replace(PASID, ioas));

        assertThat(device.attachedTo(PASID)).isEqualTo(takes);
        assertThat(world.context().objectCount()).isEqualTo(objects);
    }

    @Test
    void aPasidIsAttachedOnce() {
        device.attach(PASID, takes);

        MockWorld.refused(EBUSY, () -> device.attach(PASID, takes));
        MockWorld.refused(EBUSY, () -> device.attach(PASID, takesToo));

        assertThat(device.attachedTo(PASID)).isEqualTo(takes);
    }

    @Test
    void onlyWhatIsAttachedCanBeReplaced() {
        MockWorld.refused(EINVAL, () -> device.replace(PASID, takes));
        device.attach(PASID, takes);
        MockWorld.refused(EINVAL, () -> device.replace(PASID, takesNot));
        MockWorld.refused(ENOENT, () -> device.replace(PASID, 999));

        assertThat(device.attachedTo(PASID)).isEqualTo(takes);
        assertThat(device.replace(PASID, takes)).isEqualTo(takes);
    }

    @Test
    void aFailedReplaceLeavesTheOldTable() {
        world.mapAt(ioas, world.buffer(MockWorld.PAGE), MockWorld.PAGE, MockWorld.APERTURE_START);
        int other = world.newIoas();
        int empty = world.ioctl(HwptAlloc.plain(HwptAlloc.ALLOC_PASID, device.id(), other));
        device.attach(1024, takes);
        world.steps.fail("iommu.set_pasid.entry", 1, ENOMEM);

        MockWorld.refused(ENOMEM, () -> device.replace(1024, empty));
        world.steps.disarm();

        assertThat(device.attachedTo(1024)).isEqualTo(takes);
        assertThat(reaches(device, 1024, MockWorld.APERTURE_START)).isTrue();
        world.refused(EBUSY, new IommuDestroy(takes));
        world.destroy(empty);
    }

    @Test
    void detachOfWhatIsNotAttachedIsNoError() {
        device.detach(PASID);
        device.detach(0);
    }

    @Test
    void aPasidHasToBeOneThatTheDeviceCanSend() {
        var narrow = world.device(pasidBits(4));

        MockWorld.refused(EINVAL, () -> narrow.attach(16, takes));
        MockWorld.refused(EINVAL, () -> narrow.attach(-1, takes));
        narrow.attach(15, takes);
    }

    @Test
    void anIommuWithoutPasids() {
        var s = world.unit.settings();
        var settings = new UnitSettings(
                "old", s.format(), s.firstAddress(), s.lastAddress(), true, 0, true, true, true, true, 0, 0);
        var other = world.device(MockWorld.PASID, new IommuUnit(settings, world.kernel.frames(), world.steps));

        MockWorld.refused(EOPNOTSUPP, () -> other.attach(PASID, takes));
    }

    @Test
    void theTableOfAPasidDeviceIsNotForOneWhoseWritesCannotBeNoted() {
        int dirty = world.ioctl(HwptAlloc.plain(HwptAlloc.ALLOC_PASID | HwptAlloc.DIRTY_TRACKING, device.id(), ioas));
        var unnoted = world.device(new DeviceTraits(20, false, true, true, true, List.of()));

        MockWorld.refused(EINVAL, () -> unnoted.attach(PASID, dirty));
        device.attach(PASID, dirty);
    }

    @Test
    void theGroupIsProgrammedAsOne() {
        world.mapAt(ioas, world.buffer(MockWorld.PAGE), MockWorld.PAGE, MockWorld.APERTURE_START);
        var group = world.group();
        var one = world.bind(world.add(MockWorld.PASID, world.unit, group));
        var plain = world.bind(world.add(MockWorld.PLAIN, world.unit, group));
        var two = world.bind(world.add(MockWorld.PASID, world.unit, group));

        one.attach(PASID, takes);
        assertThat(reaches(two, PASID, MockWorld.APERTURE_START)).isTrue();
        assertThat(reaches(plain, PASID, MockWorld.APERTURE_START)).isFalse();
        MockWorld.refused(EINVAL, () -> two.attach(PASID, takesToo));
        two.attach(PASID, takes);
        one.replace(PASID, takesToo);
        assertThat(two.attachedTo(PASID)).isEqualTo(takesToo);
        world.destroy(takes);
        one.detach(PASID);
        assertThat(reaches(one, PASID, MockWorld.APERTURE_START)).isTrue();
        two.detach(PASID);
        assertThat(reaches(one, PASID, MockWorld.APERTURE_START)).isFalse();
        world.destroy(takesToo);
    }

    @Test
    void aMemberThatCannotSendThePasidKeepsTheGroupFromIt() {
        var group = world.group();
        var one = world.bind(world.add(MockWorld.PASID, world.unit, group));
        world.bind(world.add(pasidBits(4), world.unit, group));

        MockWorld.refused(EINVAL, () -> one.attach(16, takes));
        one.attach(15, takes);
    }

    @Test
    void aFailureInTheMiddleOfAGroupIsRolledBack() {
        world.mapAt(ioas, world.buffer(MockWorld.PAGE), MockWorld.PAGE, MockWorld.APERTURE_START);
        var group = world.group();
        var one = world.bind(world.add(MockWorld.PASID, world.unit, group));
        world.bind(world.add(MockWorld.PASID, world.unit, group));
        world.steps.fail("iommu.set_pasid.entry", 2, ENOMEM);

        MockWorld.refused(ENOMEM, () -> one.attach(PASID, takes));
        world.steps.disarm();

        assertThat(reaches(one, PASID, MockWorld.APERTURE_START)).isFalse();
        assertThat(one.attachedTo(PASID)).isZero();
        world.destroy(takes);
    }

    @Test
    void nothingIsAttachedDuringAReset() {
        device.attach(0, takes);
        device.attach(5, takes);
        device.iommu().group().stageReset();

        MockWorld.refused(EBUSY, () -> device.attach(PASID, takes));
        MockWorld.refused(EBUSY, () -> device.replace(0, takesToo));
        MockWorld.refused(EBUSY, () -> device.replace(5, takesToo));
        device.iommu().group().endReset();
        assertThat(device.attachedTo(0)).isEqualTo(takes);
        assertThat(device.attachedTo(5)).isEqualTo(takes);
    }

    @Test
    void pasidsOfOneDeviceAreApart() {
        world.mapAt(ioas, world.buffer(MockWorld.PAGE), MockWorld.PAGE, MockWorld.APERTURE_START);
        int other = world.newIoas();
        int empty = world.ioctl(HwptAlloc.plain(HwptAlloc.ALLOC_PASID, device.id(), other));
        device.attach(1, takes);
        device.attach(2, empty);

        assertThat(reaches(device, 1, MockWorld.APERTURE_START)).isTrue();
        assertThat(reaches(device, 2, MockWorld.APERTURE_START)).isFalse();
        assertThat(reaches(device, 3, MockWorld.APERTURE_START)).isFalse();
    }
}
