package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EBUSY;
import static io.sluice.vfio.host.Errno.EFAULT;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.ENOENT;
import static io.sluice.vfio.host.Errno.EPERM;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.testkit.MockWorld;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Software devices and the memory of an IOAS.
@Timeout(120)
final class IommufdAccessTest {
    private static final long PAGE = MockWorld.PAGE;
    private static final long AT = MockWorld.APERTURE_START;

    private final MockWorld world = new MockWorld();
    private final int ioas = world.newIoas();
    private final List<String> told = new ArrayList<>();
    private BiConsumer<Long, Long> unmapped = (iova, length) -> {};

    private final IommufdAccess access = IommufdAccess.create(world.context(), new AccessOps() {
        @Override
        public boolean needsPinPages() {
            return true;
        }

        @Override
        public void unmapped(long iova, long length) {
            told.add(Long.toHexString(iova) + "+" + length);
            unmapped.accept(iova, length);
        }
    });

    private void letGo() {
        unmapped = (iova, length) -> access.unpinAll(iova, length);
    }

    @AfterEach
    void close() {
        access.destroy();
        world.close();
    }

    // ---- attach

    @Test
    void onlyAnIoasIsATarget() {
        var device = world.device(MockWorld.PLAIN);
        int table = device.attach(0, ioas);

        MockWorld.refused(ENOENT, () -> access.attach(table));
        MockWorld.refused(ENOENT, () -> access.attach(999));
        access.attach(ioas);
        MockWorld.refused(EINVAL, () -> access.attach(ioas));
        MockWorld.refused(ENOENT, () -> access.replace(table));
        assertThat(access.attachedTo()).isEqualTo(ioas);
    }

    @Test
    void anAttachedIoasStays() {
        access.attach(ioas);
        world.refused(EBUSY, new IommuDestroy(ioas));

        access.detach();
        access.detach();

        world.destroy(ioas);
    }

    @Test
    void whatIsNotAttachedCannotBeReplaced() {
        MockWorld.refused(ENOENT, () -> access.replace(ioas));
    }

    @Test
    void aReplacementByTheSameIoasIsNothing() {
        access.attach(ioas);

        access.replace(ioas);

        assertThat(told).isEmpty();
    }

    @Test
    void aReplacementTakesThePinsAlong() {
        int other = world.newIoas();
        world.mapAt(ioas, world.buffer(PAGE), PAGE, AT);
        access.attach(ioas);
        var forgotten = access.pin(AT, PAGE, true);

        access.replace(other);

        assertThat(told).containsExactly("0+-1");
        assertThat(forgotten.isDead()).isTrue();
        assertThat(world.pinned()).isZero();
        assertThat(access.attachedTo()).isEqualTo(other);
        world.destroy(ioas);
    }

    @Test
    void whileItIsOnItsWayItPinsNothing() {
        int other = world.newIoas();
        world.mapAt(ioas, world.buffer(PAGE), PAGE, AT);
        world.mapAt(other, world.buffer(PAGE), PAGE, AT);
        access.attach(ioas);
        unmapped = (iova, length) -> {
            MockWorld.refused(ENOENT, () -> access.pin(AT, PAGE, true));
            MockWorld.refused(ENOENT, () -> access.read(AT, new byte[1], 0, 1));
            MockWorld.refused(EBUSY, () -> access.replace(ioas));
            MockWorld.refused(EBUSY, access::detach);
            MockWorld.refused(EINVAL, () -> access.attach(ioas));
        };

        access.replace(other);

        unmapped = (iova, length) -> {};
        assertThat(access.unpin(access.pin(AT, PAGE, true))).isTrue();
    }

    // ---- pins

    @Test
    void aPinIsOneRunOfFramesIfTheMemoryIs() {
        int memfd = world.memfd(8 * PAGE);
        world.mapFileAt(ioas, memfd, 0, 2 * PAGE, AT);
        world.mapFileAt(ioas, memfd, 2 * PAGE, 2 * PAGE, AT + 2 * PAGE);
        world.mapFileAt(ioas, memfd, 6 * PAGE, 2 * PAGE, AT + 4 * PAGE);
        access.attach(ioas);

        var pin = access.pin(AT + PAGE, 4 * PAGE, true);

        assertThat(pin.runs()).isEqualTo(2);
        assertThat(pin.run(0)).isEqualTo(world.file(memfd).frames().part(PAGE, 3 * PAGE));
        assertThat(pin.run(1)).isEqualTo(world.file(memfd).frames().part(6 * PAGE, PAGE));
        letGo();
    }

    @Test
    void aPinReadsAndWritesAcrossItsRuns() {
        int memfd = world.memfd(40 * PAGE);
        for (int i = 0; i < 40; i++) {
            world.mapFileAt(ioas, memfd, (39 - i) * PAGE, PAGE, AT + i * PAGE);
        }
        access.attach(ioas);
        var pin = access.pin(AT, 40 * PAGE, true);
        var sent = new byte[39 * (int) PAGE];
        new java.util.Random(5).nextBytes(sent);
        var back = new byte[sent.length];

        assertThat(pin.write(AT + 77, sent, 0, sent.length)).isTrue();
        assertThat(pin.read(AT + 77, back, 0, back.length)).isTrue();

        assertThat(back).isEqualTo(sent);
        var first = new byte[16];
        world.file(memfd).read(39 * PAGE + 77, first, 0, 16);
        assertThat(first).isEqualTo(Arrays.copyOf(sent, 16));
        assertThat(pin.read(AT - 1, back, 0, 1)).isFalse();
        assertThat(pin.read(AT + 40 * PAGE - 1, back, 0, 2)).isFalse();
        assertThat(pin.read(AT, back, 0, -1)).isFalse();
    }

    @Test
    void aPinForReadingDoesNotWrite() {
        world.mapAt(ioas, world.buffer(PAGE), PAGE, AT);
        access.attach(ioas);

        var pin = access.pin(AT, PAGE, false);

        assertThat(pin.isWritable()).isFalse();
        assertThat(pin.write(AT, new byte[1], 0, 1)).isFalse();
        assertThat(pin.read(AT, new byte[1], 0, 1)).isTrue();
    }

    @Test
    void whatIsOnlyToBeWrittenIsNotRead() {
        world.ioctl(new IoasMap(IoasMap.WRITEABLE | MockWorld.FIXED, ioas, world.buffer(PAGE), PAGE, AT));
        access.attach(ioas);

        MockWorld.refused(EPERM, () -> access.pin(AT, PAGE, false));
        MockWorld.refused(EPERM, () -> access.read(AT, new byte[1], 0, 1));
        var pin = access.pin(AT, PAGE, true);

        assertThat(pin.read(AT, new byte[1], 0, 1)).isFalse();
        assertThat(pin.write(AT, new byte[1], 0, 1)).isTrue();
    }

    @Test
    void whoDoesNotPinPagesMayNot() {
        var copier = IommufdAccess.create(world.context(), new AccessOps() {
            @Override
            public boolean needsPinPages() {
                return false;
            }

            @Override
            public void unmapped(long iova, long length) {}
        });
        copier.attach(ioas);
        world.mapAt(ioas, world.buffer(PAGE), PAGE, AT);

        MockWorld.refused(EINVAL, () -> copier.pin(AT, PAGE, false));
        copier.destroy();
    }

    @Test
    void memoryWhoseProcessIsGoneIsAnErrorAtOnce() {
        var child = world.process.fork();
        long buffer = child.memory().map(PAGE, true);
        child.ioctl(world.fd, new IoasMap(MockWorld.RW | MockWorld.FIXED, ioas, buffer, PAGE, AT));
        access.attach(ioas);
        child.exit();

        MockWorld.refused(EFAULT, () -> access.pin(AT, PAGE, false));
        MockWorld.refused(EFAULT, () -> access.read(AT, new byte[1], 0, 1));
        assertThat(world.unmap(ioas, AT, PAGE)).isEqualTo(PAGE);
    }

    // ---- unmapping

    @Test
    void anUnmapAsksOnlyWhileSomethingIsPinned() {
        world.mapAt(ioas, world.buffer(4 * PAGE), PAGE, AT);
        access.attach(ioas);
        letGo();

        world.unmap(ioas, AT, PAGE);

        assertThat(told).isEmpty();
    }

    @Test
    void anUnmapFromInsideTheCallbackOfAnotherIsDone() {
        world.mapAt(ioas, world.buffer(PAGE), PAGE, AT);
        world.mapAt(ioas, world.buffer(PAGE), PAGE, AT + PAGE);
        access.attach(ioas);
        access.pin(AT, PAGE, true);
        unmapped = (iova, length) -> {
            access.unpinAll(iova, length);
            if (iova == AT) {
                assertThat(world.unmap(ioas, AT + PAGE, PAGE)).isEqualTo(PAGE);
            }
        };

        assertThat(world.unmap(ioas, AT, PAGE)).isEqualTo(PAGE);
    }

    @Test
    void anIoasIsNotDestroyedInTheMiddleOfAnUnmap() {
        world.mapAt(ioas, world.buffer(PAGE), PAGE, AT);
        access.attach(ioas);
        access.pin(AT, PAGE, true);
        unmapped = (iova, length) -> {
            access.unpinAll(iova, length);
            world.refused(EBUSY, new IommuDestroy(ioas));
        };

        assertThat(world.unmap(ioas, AT, PAGE)).isEqualTo(PAGE);
    }

    @Test
    void anAreaThatIsBeingUnmappedIsNotPinned() {
        world.mapAt(ioas, world.buffer(PAGE), PAGE, AT);
        access.attach(ioas);
        access.pin(AT, PAGE, true);
        unmapped = (iova, length) -> {
            MockWorld.refused(EINVAL, () -> access.pin(AT, PAGE, true));
            MockWorld.refused(EINVAL, () -> access.write(AT, new byte[1], 0, 1));
            access.unpinAll(iova, length);
        };

        world.unmap(ioas, AT, PAGE);
        unmapped = (iova, length) -> {};

        assertThat(told).hasSize(1);
    }

    @Test
    void destroyingWaitsForACallbackOfAnotherThread() throws InterruptedException {
        world.mapAt(ioas, world.buffer(PAGE), PAGE, AT);
        var inside = new CountDownLatch(1);
        var leave = new CountDownLatch(1);
        var other = new AtomicReference<@Nullable IommufdAccess>();
        var mine = IommufdAccess.create(world.context(), new AccessOps() {
            @Override
            public boolean needsPinPages() {
                return true;
            }

            @Override
            public void unmapped(long iova, long length) {
                if (length != -1) {
                    inside.countDown();
                    await(leave);
                }
                java.util.Objects.requireNonNull(other.get()).unpinAll(iova, length);
            }
        });
        other.set(mine);
        mine.attach(ioas);
        mine.pin(AT, PAGE, true);
        var unmapper = new Thread(() -> world.unmap(ioas, AT, PAGE));
        unmapper.start();
        await(inside);
        var destroyer = new Thread(mine::destroy);
        destroyer.start();
        while (destroyer.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }

        assertThat(destroyer.isAlive()).isTrue();
        leave.countDown();
        unmapper.join();
        destroyer.join();
        assertThat(world.pinned()).isZero();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Writers hold on to their pins as long as they can; what they write after an unmap has returned would be seen in
    /// memory that the process has back.
    @Test
    void afterAnUnmapHasReturnedNotOneByteMoves() throws InterruptedException {
        long buffer = world.buffer(16 * PAGE);
        access.attach(ioas);
        letGo();
        var stop = new AtomicBoolean();
        var moved = new AtomicLong();
        var held = new AtomicReference<@Nullable PinnedRange>();
        var ones = new byte[16 * (int) PAGE];
        Arrays.fill(ones, (byte) 1);
        var writers = new ArrayList<Thread>();
        for (int i = 0; i < 2; i++) {
            writers.add(new Thread(() -> {
                while (!stop.get()) {
                    var pin = held.get();
                    if (pin != null && pin.write(AT, ones, 0, ones.length)) {
                        moved.incrementAndGet();
                    }
                }
            }));
        }
        writers.forEach(Thread::start);
        var seen = new byte[ones.length];
        var zeros = new byte[ones.length];
        for (int round = 0; round < 300; round++) {
            world.mapAt(ioas, buffer, 16 * PAGE, AT);
            held.set(access.pin(AT, 16 * PAGE, true));
            Thread.onSpinWait();
            world.unmap(ioas, AT, 16 * PAGE);
            world.process.memory().write(buffer, zeros, 0, zeros.length);
            for (int look = 0; look < 3; look++) {
                world.process.memory().read(buffer, seen, 0, seen.length);
                assertThat(Arrays.equals(seen, zeros)).isTrue();
            }
        }
        while (moved.get() == 0) {
            world.mapAt(ioas, buffer, 16 * PAGE, AT);
            held.set(access.pin(AT, 16 * PAGE, true));
            Thread.sleep(1);
            world.unmap(ioas, AT, 16 * PAGE);
        }
        stop.set(true);
        for (var writer : writers) {
            writer.join();
        }
    }
}
