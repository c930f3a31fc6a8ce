package io.sluice.vfio.vfio;

import static io.sluice.vfio.vfio.VfioRig.refused;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.vfio.DeviceRequests.AttachIommufdPt;
import io.sluice.vfio.vfio.DeviceRequests.BindIommufd;
import io.sluice.vfio.vfio.DeviceRequests.DetachIommufdPt;
import io.sluice.vfio.vfio.DeviceRequests.GetInfo;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The life of a device's own file: bind, attach, detach, close.
@Timeout(120)
class DeviceCdevConformanceTest {
    private final VfioRig rig = new VfioRig();
    private final TestDevice device = new TestDevice();
    private final VfioNode node = rig.register("0000:01:00.0", device);

    @AfterEach
    void close() {
        rig.close();
    }

    private int open() {
        return rig.process.open(node.path());
    }

    @Test
    void aFileThatIsNotBoundAnswersNothingButBind() {
        int fd = open();

        refused(Errno.EINVAL, () -> rig.ask(fd, new GetInfo()));
        refused(Errno.EINVAL, () -> rig.ask(fd, new AttachIommufdPt(1)));
        refused(Errno.EINVAL, () -> rig.ask(fd, new DetachIommufdPt()));
        refused(Errno.EINVAL, () -> rig.ask(fd, new DeviceRequests.Reset()));
        refused(Errno.EINVAL, () -> rig.process.read(fd, 0L, new byte[4], 0, 4));
        refused(Errno.EINVAL, () -> rig.process.write(fd, 0L, new byte[4], 0, 4));
        refused(Errno.EINVAL, () -> ((VfioDeviceFile) rig.process.file(fd)).mmap(0, 4096));
        assertThat(device.told).isEmpty();
    }

    @Test
    void bindOpensTheDeviceAndAnswersItsId() {
        int fd = open();

        int id = rig.ask(fd, new BindIommufd(rig.newContext()));

        assertThat(id).isPositive();
        assertThat(device.told).containsExactly("opened");
        assertThat(rig.ask(fd, new GetInfo()).irqs()).isEqualTo(5);
    }

    @Test
    void bindIsRefusedForEachReasonAndLeavesTheFileUnbound() {
        int fd = open();
        int context = rig.newContext();

        refused(Errno.EINVAL, () -> rig.ask(fd, new BindIommufd(2, context, null)));
        refused(Errno.EINVAL, () -> rig.ask(fd, new BindIommufd(-1)));
        refused(Errno.EINVAL, () -> rig.ask(fd, new BindIommufd(1, context, null)));
        refused(Errno.EINVAL, () -> rig.ask(fd, new BindIommufd(1, context, UUID.randomUUID())));
        refused(Errno.EBADF, () -> rig.ask(fd, new BindIommufd(500)));
        refused(Errno.EBADFD, () -> rig.ask(fd, new BindIommufd(fd)));
        device.failsOpen = true;
        refused(Errno.EAGAIN, () -> rig.ask(fd, new BindIommufd(context)));
        device.failsOpen = false;
        refused(Errno.EINVAL, () -> rig.ask(fd, new GetInfo()));

        assertThat(rig.asked).containsExactly("bind", "unbind");
        assertThat(rig.ask(fd, new BindIommufd(context))).isPositive();
    }

    @Test
    void aDeviceIsBoundOnceAndByOneFile() {
        int fd = rig.openBound(node);
        int other = open();

        refused(Errno.EINVAL, () -> rig.ask(fd, new BindIommufd(rig.newContext())));
        refused(Errno.EINVAL, () -> rig.ask(other, new BindIommufd(rig.newContext())));

        rig.process.close(fd);
        assertThat(rig.ask(other, new BindIommufd(rig.newContext()))).isPositive();
    }

    @Test
    void aSecondAttachIsAReplacement() {
        int fd = rig.openBound(node);

        assertThat(rig.ask(fd, new AttachIommufdPt(5))).isEqualTo(1005);
        assertThat(rig.ask(fd, new AttachIommufdPt(6))).isEqualTo(1006);
        refused(Errno.ENOENT, () -> rig.ask(fd, new AttachIommufdPt(404)));
        refused(Errno.EINVAL, () -> rig.ask(fd, new AttachIommufdPt(2, 5, 0)));

        assertThat(rig.asked).containsExactly("bind", "attach 0 5", "replace 0 6");
        assertThat(node.authorized()).containsExactly(0);
    }

    @Test
    void pasidsAreForDevicesThatHaveThem() {
        int fd = rig.openBound(node);

        refused(Errno.EOPNOTSUPP, () -> rig.ask(fd, new AttachIommufdPt(1, 5, 7)));
        refused(Errno.EOPNOTSUPP, () -> rig.ask(fd, new DetachIommufdPt(1, 7)));
        device.pasids = true;
        refused(Errno.EINVAL, () -> rig.ask(fd, new AttachIommufdPt(1, 5, 0)));
        refused(Errno.EINVAL, () -> rig.ask(fd, new AttachIommufdPt(1, 5, -1)));
        rig.ask(fd, new AttachIommufdPt(1, 5, 7));
        rig.ask(fd, new AttachIommufdPt(1, 6, 7));

        assertThat(rig.asked).containsExactly("bind", "attach 7 5", "replace 7 6");
        assertThat(device.told).containsExactly("opened", "attached 7");
    }

    @Test
    void aDeviceWhoseRequesterIdIsSharedIsAttachedByPasidsOnly() {
        device.pasids = true;
        device.noRequester = true;
        int fd = rig.openBound(node);

        refused(Errno.EOPNOTSUPP, () -> rig.ask(fd, new AttachIommufdPt(5)));
        assertThat(rig.ask(fd, new AttachIommufdPt(1, 5, 7))).isEqualTo(1005);
    }

    @Test
    void detachSucceedsAlsoWhenNothingIsAttached() {
        int fd = rig.openBound(node);

        rig.ask(fd, new DetachIommufdPt());
        rig.ask(fd, new AttachIommufdPt(5));
        rig.ask(fd, new DetachIommufdPt());
        rig.ask(fd, new DetachIommufdPt());
        refused(Errno.EINVAL, () -> rig.ask(fd, new DetachIommufdPt(2, 0)));

        assertThat(rig.asked).containsExactly("bind", "attach 0 5", "detach 0");
    }

    @Test
    void closeDetachesPasidsThenTheRestThenClosesThenUnbinds() {
        device.pasids = true;
        int fd = rig.openBound(node);
        rig.ask(fd, new AttachIommufdPt(5));
        rig.ask(fd, new AttachIommufdPt(1, 5, 9));
        rig.ask(fd, new AttachIommufdPt(1, 5, 7));
        rig.asked.clear();
        device.told.clear();

        rig.process.close(fd);

        assertThat(rig.asked).containsExactly("detach 7", "detach 9", "detach 0", "unbind");
        assertThat(device.told).containsExactly("detached 7", "detached 9", "detached 0", "closed", "reset");
        assertThat(node.authorized()).isEmpty();
    }

    @Test
    void theIommufdMayBeClosedFirst() {
        int context = rig.newContext();
        int fd = open();
        rig.ask(fd, new BindIommufd(context));
        var file = rig.process.file(context);

        rig.process.close(context);

        assertThat(file.isReleased()).isFalse();
        rig.process.close(fd);
        assertThat(file.isReleased()).isTrue();
    }

    @Test
    void whileOneIsBoundByItsFileTheGroupsFileCannotBeOpenedAndTheReverse() {
        int fd = rig.openBound(node);
        refused(Errno.EBUSY, () -> rig.process.open(node.group().path()));
        rig.process.close(fd);

        int group = rig.process.open(node.group().path());
        int other = open();
        refused(Errno.EBUSY, () -> rig.ask(other, new BindIommufd(rig.newContext())));
        rig.process.close(group);
        assertThat(rig.ask(other, new BindIommufd(rig.newContext()))).isPositive();
    }

    @Test
    void aFailedBindDoesNotBlockTheGroup() {
        int fd = open();
        refused(Errno.EBADF, () -> rig.ask(fd, new BindIommufd(500)));

        int group = rig.process.open(node.group().path());

        assertThat(group).isPositive();
    }

    @Test
    void aCopyOfTheFileInAnotherProcessIsTheSameDevice() {
        int fd = rig.openBound(node);
        var other = rig.kernel.start("other", 1000, Set.of(), 0);
        int passed = rig.process.send(fd, other);

        rig.process.close(fd);
        assertThat(other.ioctl(passed, new GetInfo()).regions()).isEqualTo(10);
        assertThat(device.told).containsExactly("opened");

        other.exit();
        assertThat(device.told).containsExactly("opened", "closed", "reset");
    }

    @Test
    void aDeviceThatIsTakenAwayGoesWithItsLastFile() {
        int fd = rig.openBound(node);
        int req = rig.newEventfd();
        rig.ask(fd, DeviceRequests.SetIrqsByFile.trigger(VfioIrq.REQ, 0, java.util.List.of(req)));
        boolean[] gone = {false};

        assertThat(node.unregister(() -> gone[0] = true)).isFalse();

        assertThat(rig.taken(req)).isEqualTo(1);
        node.request();
        assertThat(rig.taken(req)).isEqualTo(1);
        refused(Errno.ENOENT, () -> rig.process.open(node.path()));
        refused(Errno.EAGAIN, () -> node.unregister(() -> {}));
        assertThat(rig.ask(fd, new GetInfo()).irqs()).isEqualTo(5);
        assertThat(gone[0]).isFalse();
        rig.process.close(fd);
        assertThat(gone[0]).isTrue();
    }

    @Test
    void whoOpenedBeforeItWasTakenAwayCannotBindAfter() {
        int fd = open();

        assertThat(node.unregister(() -> {})).isTrue();

        refused(Errno.ENODEV, () -> rig.ask(fd, new BindIommufd(rig.newContext())));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void whatFailsInTheMiddleLeavesNothing(int nth) {
        int fd = open();
        int context = rig.newContext();
        rig.steps.failNth(nth);
        var steps = java.util.List.<String>of();
        try {
            rig.ask(fd, new BindIommufd(context));
            rig.ask(fd, new AttachIommufdPt(5));
        } catch (io.sluice.vfio.host.HostException e) {
            assertThat(e.errno()).isEqualTo(Errno.ENOMEM);
        } finally {
            steps = rig.steps.disarm();
        }

        assertThat(steps.size()).isLessThanOrEqualTo(2);
        rig.process.close(fd);
        assertThat(rig.asked.stream().filter("bind"::equals).count())
                .isEqualTo(rig.asked.stream().filter("unbind"::equals).count());
        int again = rig.openBound(node);
        assertThat(rig.ask(again, new AttachIommufdPt(5))).isEqualTo(1005);
    }
}
