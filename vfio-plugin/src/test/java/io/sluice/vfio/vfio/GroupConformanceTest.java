package io.sluice.vfio.vfio;

import static io.sluice.vfio.vfio.VfioRig.refused;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.vfio.DeviceRequests.GetInfo;
import io.sluice.vfio.vfio.GroupRequests.GetDeviceFd;
import io.sluice.vfio.vfio.GroupRequests.GetStatus;
import io.sluice.vfio.vfio.GroupRequests.SetContainer;
import io.sluice.vfio.vfio.GroupRequests.UnsetContainer;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The file of a group, with an iommufd in the place of a container; and tokens.
@Timeout(120)
class GroupConformanceTest {
    private static final String NAME = "0000:01:00.0";

    private final VfioRig rig = new VfioRig();
    private final TestDevice device = new TestDevice();
    private final VfioNode node = rig.register(NAME, device);
    private final int group = rig.process.open(node.group().path());

    @AfterEach
    void close() {
        rig.close();
    }

    private int openDevice() {
        rig.ask(group, new SetContainer(rig.newContext()));
        return rig.ask(group, new GetDeviceFd(NAME));
    }

    @Test
    void aGroupIsOpenOnce() {
        refused(Errno.EBUSY, () -> rig.process.open(node.group().path()));

        rig.process.close(group);

        assertThat(rig.process.open(node.group().path())).isNotNegative();
    }

    @Test
    void statusSaysWhetherItCanBeOwnedAndIs() {
        assertThat(rig.ask(group, new GetStatus())).isEqualTo(GroupRequests.VIABLE);

        rig.ask(group, new SetContainer(rig.newContext()));

        assertThat(rig.ask(group, new GetStatus())).isEqualTo(GroupRequests.VIABLE | GroupRequests.CONTAINER_SET);
    }

    @Test
    void containersAreRefusedForEachReason() {
        refused(Errno.EBADF, () -> rig.ask(group, new SetContainer(-1)));
        refused(Errno.EBADF, () -> rig.ask(group, new SetContainer(900)));
        refused(Errno.EBADFD, () -> rig.ask(group, new SetContainer(group)));
        refused(Errno.EINVAL, () -> rig.ask(group, new UnsetContainer()));
        rig.ask(group, new SetContainer(rig.newContext()));
        refused(Errno.EINVAL, () -> rig.ask(group, new SetContainer(rig.newContext())));
        rig.ask(group, new UnsetContainer());
        node.unregister(() -> {});
        refused(Errno.ENODEV, () -> rig.ask(group, new SetContainer(rig.newContext())));
    }

    @Test
    void devicesAreOpenedByNameOnceThereIsAContainer() {
        refused(Errno.EINVAL, () -> rig.ask(group, new GetDeviceFd(NAME)));
        rig.ask(group, new SetContainer(rig.newContext()));
        refused(Errno.ENODEV, () -> rig.ask(group, new GetDeviceFd("0000:02:00.0")));

        int fd = rig.ask(group, new GetDeviceFd(NAME));

        assertThat(rig.asked).containsExactly("bind", "attach 0 77");
        assertThat(rig.ask(fd, new GetInfo()).irqs()).isEqualTo(5);
        refused(Errno.EBUSY, () -> rig.ask(group, new UnsetContainer()));
    }

    @Test
    void theFileOfADeviceKeepsItsGroup() {
        int fd = openDevice();

        rig.process.close(group);
        assertThat(rig.ask(fd, new GetInfo()).irqs()).isEqualTo(5);
        refused(Errno.EBUSY, () -> rig.process.open(node.group().path()));

        rig.process.close(fd);
        assertThat(rig.asked).endsWith("detach 0", "unbind");
        assertThat(rig.process.open(node.group().path())).isNotNegative();
    }

    @Test
    void twoFilesOfOneDeviceAreOneOpenDevice() {
        int one = openDevice();
        int two = rig.ask(group, new GetDeviceFd(NAME));

        rig.process.close(one);
        assertThat(rig.ask(two, new GetInfo()).irqs()).isEqualTo(5);
        rig.process.close(two);

        assertThat(device.told).containsExactly("opened", "attached 0", "detached 0", "closed", "reset");
    }

    @Test
    void theFileOfAGroupsDeviceIsNeitherBoundNorAttached() {
        int fd = openDevice();

        refused(Errno.EINVAL, () -> rig.ask(fd, new DeviceRequests.BindIommufd(rig.newContext())));
        refused(Errno.ENOTTY, () -> rig.ask(fd, new DeviceRequests.AttachIommufdPt(1)));
        refused(Errno.ENOTTY, () -> rig.ask(fd, new DeviceRequests.DetachIommufdPt()));
    }

    @Test
    void aDeviceThatDoesNotOpenLeavesTheGroupAsItWas() {
        rig.ask(group, new SetContainer(rig.newContext()));
        device.failsOpen = true;

        refused(Errno.EAGAIN, () -> rig.ask(group, new GetDeviceFd(NAME)));

        rig.ask(group, new UnsetContainer());
        assertThat(rig.asked).containsExactly("bind", "unbind");
    }

    @Test
    void aDeviceFileThatHasNoDescriptorIsClosedAgain() {
        rig.ask(group, new SetContainer(rig.newContext()));
        rig.steps.fail("process.descriptor", 1, Errno.EMFILE);

        refused(Errno.EMFILE, () -> rig.ask(group, new GetDeviceFd(NAME)));

        rig.steps.disarm();
        rig.ask(group, new UnsetContainer());
        assertThat(rig.asked).endsWith("unbind");
    }

    // ---- tokens of virtual functions

    @Test
    void aVirtualFunctionIsOpenedWithTheTokenOfItsPhysicalOne() {
        var token = new VfToken();
        var secret = UUID.randomUUID();
        token.set(secret);
        device.virtualOf = token;
        rig.ask(group, new SetContainer(rig.newContext()));

        refused(Errno.EACCES, () -> rig.ask(group, new GetDeviceFd(NAME)));
        refused(Errno.EACCES, () -> rig.ask(group, new GetDeviceFd(NAME + " vf_token=" + UUID.randomUUID())));
        refused(Errno.EINVAL, () -> rig.ask(group, new GetDeviceFd(NAME + " vf_token=no")));

        assertThat(rig.ask(group, new GetDeviceFd(NAME + " vf_token=" + secret)))
                .isPositive();
    }

    @Test
    void aTokenWhereNoneAppliesIsRefused() {
        rig.ask(group, new SetContainer(rig.newContext()));

        refused(Errno.EINVAL, () -> rig.ask(group, new GetDeviceFd(NAME + " vf_token=" + UUID.randomUUID())));
    }

    /// Row `vfio_pci_sriov_uapi`: same, different and no token, while the virtual function is in use and not.
    @Test
    void thePhysicalFunctionIsOpenedWithTheTokenWhileAVirtualOneIsInUse() {
        var token = new VfToken();
        var secret = UUID.randomUUID();
        token.checkPhysical(secret);
        token.checkVirtual(secret);
        token.use(true);

        refused(Errno.EACCES, () -> token.checkPhysical(null));
        refused(Errno.EACCES, () -> token.checkPhysical(UUID.randomUUID()));
        token.checkPhysical(secret);
        token.use(false);
        var other = UUID.randomUUID();
        token.checkPhysical(other);
        token.checkPhysical(null);
        refused(Errno.EACCES, () -> token.checkVirtual(secret));
        token.checkVirtual(other);
    }

    @Test
    void bindTakesTheTokenToo() {
        rig.process.close(group);
        var token = new VfToken();
        var secret = UUID.randomUUID();
        token.set(secret);
        device.virtualOf = token;
        int fd = rig.process.open(node.path());
        int context = rig.newContext();

        refused(Errno.EACCES, () -> rig.ask(fd, new DeviceRequests.BindIommufd(context)));
        refused(Errno.EACCES, () -> rig.ask(fd, new DeviceRequests.BindIommufd(1, context, UUID.randomUUID())));

        assertThat(rig.ask(fd, new DeviceRequests.BindIommufd(1, context, secret)))
                .isPositive();
    }
}
