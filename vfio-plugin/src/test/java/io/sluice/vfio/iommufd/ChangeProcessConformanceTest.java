package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.ENOMEM;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.process.Capability;
import io.sluice.vfio.testkit.MockWorld;
import java.util.Set;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The kernel's fixture `change_process`, by who is charged.
@Timeout(120)
final class ChangeProcessConformanceTest {
    private static final long PAGE = MockWorld.PAGE;
    private static final long AT = MockWorld.APERTURE_START;

    enum Accounting {
        NONE,
        USER,
        MM
    }

    private static MockWorld world(Accounting accounting) {
        var capabilities = accounting == Accounting.NONE
                ? Set.of(Capability.SYS_RESOURCE, Capability.IPC_LOCK)
                : Set.of(Capability.SYS_RESOURCE);
        var world = new MockWorld(false, 64 * PAGE, capabilities);
        world.ioctl(IommuOption.set(IommuOption.RLIMIT_MODE, 0, accounting == Accounting.MM ? 1 : 0));
        return world;
    }

    @ParameterizedTest
    @EnumSource(Accounting.class)
    void basic(Accounting accounting) {
        try (var world = world(accounting)) {
            int ioas = world.newIoas();
            world.device(MockWorld.PLAIN).attach(0, ioas);
            world.mapAt(ioas, world.buffer(PAGE), PAGE, AT);
            world.refused(EINVAL, new IoasChangeProcess());
            world.unmap(ioas, AT, PAGE);

            world.mapFileAt(ioas, world.memfd(16 * PAGE), 0, 16 * PAGE, AT);
            world.ioctl(new IoasCopy(MockWorld.RW | MockWorld.FIXED, ioas, ioas, PAGE, AT + 32 * PAGE, AT));
            world.ioctl(new IoasChangeProcess());
            assertThat(world.process.memory().pinnedPages()).isEqualTo(16);

            var child = world.process.fork();
            child.ioctl(world.fd, new IoasChangeProcess());

            assertThat(world.process.memory().pinnedPages()).isZero();
            assertThat(world.process.memory().lockedPages()).isZero();
            assertThat(child.memory().pinnedPages()).isEqualTo(16);
            assertThat(child.memory().lockedPages()).isEqualTo(accounting == Accounting.MM ? 16 : 0);
            assertThat(world.process.user().lockedPages()).isEqualTo(accounting == Accounting.USER ? 16 : 0);
            assertThat(world.pinned()).isEqualTo(16 * PAGE);
            world.ioctl(new IoasChangeProcess());
            assertThat(child.memory().pinnedPages()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(Accounting.class)
    void whoMayNotLockThatMuchDoesNotTakeOver(Accounting accounting) {
        try (var world = world(accounting)) {
            int ioas = world.newIoas();
            world.device(MockWorld.PLAIN).attach(0, ioas);
            int memfd = world.memfd(16 * PAGE);
            world.mapFileAt(ioas, memfd, 0, 8 * PAGE, AT);
            world.mapFileAt(ioas, memfd, 8 * PAGE, 8 * PAGE, AT + 8 * PAGE);
            var poor = world.kernel.start("poor", 1001, Set.of(), 15 * PAGE);
            int fd = world.process.send(world.fd, poor);

            MockWorld.refused(ENOMEM, () -> poor.ioctl(fd, new IoasChangeProcess()));

            assertThat(poor.memory().pinnedPages()).isZero();
            assertThat(poor.user().lockedPages()).isZero();
            assertThat(world.process.memory().pinnedPages()).isEqualTo(16);
        }
    }

    @ParameterizedTest
    @EnumSource(Accounting.class)
    void theLimitIsForWhoIsCharged(Accounting accounting) {
        try (var world = world(accounting)) {
            int ioas = world.newIoas();
            int memfd = world.memfd(65 * PAGE);
            world.mapFileAt(ioas, memfd, 0, 65 * PAGE, AT);
            var device = world.device(MockWorld.PLAIN);

            if (accounting == Accounting.NONE) {
                device.attach(0, ioas);
            } else {
                MockWorld.refused(ENOMEM, () -> device.attach(0, ioas));
                assertThat(world.process.memory().pinnedPages()).isZero();
                world.unmap(ioas, 0, -1);
                device.attach(0, ioas);
                world.refused(ENOMEM, new IoasMapFile(MockWorld.RW, ioas, memfd, 0, 65 * PAGE, 0));
                world.mapFileAt(ioas, memfd, 0, 64 * PAGE, AT);
            }
        }
    }
}
