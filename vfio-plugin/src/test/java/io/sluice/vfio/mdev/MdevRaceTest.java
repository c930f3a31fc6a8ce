package io.sluice.vfio.mdev;

import static io.sluice.vfio.mdev.MdevRig.PAGE;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.iommufd.HwptAlloc;
import io.sluice.vfio.iommufd.IoasUnmap;
import io.sluice.vfio.testkit.ThreadLoop;
import io.sluice.vfio.vfio.DeviceRequests.AttachIommufdPt;
import io.sluice.vfio.vfio.DeviceRequests.BindIommufd;
import io.sluice.vfio.vfio.DeviceRequests.DetachIommufdPt;
import io.sluice.vmm.loop.Strand;
import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// An instance that writes all the time, while its user takes his memory away in every way there is: when that has
/// returned, not one byte moves. And the orders of calls that could wait for each other, and do not.
@Timeout(120)
class MdevRaceTest {
    private static final long IOVA = 0x100000;
    private static final int LENGTH = (int) (4 * PAGE);
    private static final int ROUNDS = 12;

    private final ThreadLoop loop = new ThreadLoop();
    private final MdevRig rig = new MdevRig();
    private final MdevRig.Vm vm = rig.new Vm();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final AtomicBoolean stop = new AtomicBoolean();
    private final AtomicLong written = new AtomicLong();

    @AfterEach
    void close() {
        stop.set(true);
        threads.close();
        vm.close();
        rig.close();
        loop.close();
    }

    /// How the instance writes.
    enum Kind {
        COPIES,
        PINS,
        FUNCTION,
        QUEUE
    }

    /// How its user takes the memory away.
    enum Removal {
        UNMAP,
        DETACH,
        CLOSE
    }

    private Future<?> writer(Kind kind, Strand strand, MdevDma dma) {
        var bytes = new byte[LENGTH];
        Arrays.fill(bytes, (byte) 1);
        return threads.submit(() -> {
            while (!stop.get()) {
                strand.call(() -> {
                    if (write(kind, dma, bytes)) {
                        written.incrementAndGet();
                    }
                });
                Thread.yield();
            }
        });
    }

    private static boolean write(Kind kind, MdevDma dma, byte[] bytes) {
        return switch (kind) {
            case COPIES, FUNCTION -> dma.write(IOVA, bytes, 0, LENGTH);
            case QUEUE -> dma.write(7, IOVA, bytes, 0, LENGTH);
            case PINS -> {
                try (var pin = dma.pin(IOVA, LENGTH, true)) {
                    boolean all = true;
                    for (int i = 0; i < 10; i++) {
                        all &= pin.write(IOVA, bytes, 0, LENGTH);
                    }
                    yield all;
                } catch (HostException e) {
                    assertThat(e.errno()).isIn(Errno.ENOENT, Errno.EINVAL);
                    yield false;
                }
            }
        };
    }

    private static String type(Kind kind) {
        return switch (kind) {
            case COPIES, PINS -> "pinned";
            case FUNCTION -> "function";
            case QUEUE -> "queue";
        };
    }

    private int open(MdevInstance instance) {
        int fd = vm.process.open(instance.node().path());
        int device = vm.process.ioctl(fd, new BindIommufd(vm.iommufd));
        attach(fd, device, instance);
        return fd;
    }

    private void attach(int fd, int device, MdevInstance instance) {
        if (instance.typeName().equals("dma-queue")) {
            int table = vm.process.ioctl(vm.iommufd, HwptAlloc.plain(HwptAlloc.ALLOC_PASID, device, vm.ioas));
            vm.process.ioctl(fd, new AttachIommufdPt(1, table, 7));
        } else {
            vm.process.ioctl(fd, new AttachIommufdPt(vm.ioas));
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "COPIES, UNMAP", "COPIES, DETACH", "COPIES, CLOSE",
        "PINS, UNMAP", "PINS, DETACH", "PINS, CLOSE",
        "FUNCTION, UNMAP", "FUNCTION, DETACH", "FUNCTION, CLOSE",
        "QUEUE, UNMAP", "QUEUE, DETACH", "QUEUE, CLOSE"
    })
    void notOneByteMovesOnceTheMemoryWasTakenAway(Kind kind, Removal removal)
            throws ExecutionException, InterruptedException {
        var strand = loop.strand();
        var instance = rig.create(type(kind), strand);
        var running = writer(kind, strand, rig.last().dma());
        var canary = new byte[LENGTH];
        Arrays.fill(canary, (byte) 0x55);
        var found = new byte[LENGTH];
        for (int round = 0; round < ROUNDS; round++) {
            int fd = open(instance);
            vm.map(IOVA, 0, LENGTH);
            long before = written.get();
            while (written.get() < before + 1 && !running.isDone()) {
                Thread.onSpinWait();
            }

            takeAway(removal, kind, fd);
            vm.memory.write(0, canary, 0, LENGTH);

            for (int i = 0; i < 5; i++) {
                Thread.yield();
                vm.memory.read(0, found, 0, LENGTH);
                assertThat(found).isEqualTo(canary);
            }
            if (removal != Removal.UNMAP) {
                vm.process.ioctl(vm.iommufd, IoasUnmap.all(vm.ioas));
            }
            if (removal != Removal.CLOSE) {
                vm.process.close(fd);
            }
        }
        stop.set(true);
        running.get();
    }

    private void takeAway(Removal removal, Kind kind, int fd) {
        switch (removal) {
            case UNMAP -> vm.process.ioctl(vm.iommufd, new IoasUnmap(vm.ioas, IOVA, LENGTH));
            case DETACH -> vm.process.ioctl(fd, kind == Kind.QUEUE ? new DetachIommufdPt(1, 7) : new DetachIommufdPt());
            case CLOSE -> vm.process.close(fd);
        }
    }

    // ---- what could wait for each other

    @Test
    void memoryIsUnmappedFromWithinTheEndOfADma() {
        var strand = loop.strand();
        int fd = open(rig.create("pinned", strand));
        vm.map(IOVA, 0, LENGTH);
        var dma = rig.last().dma();

        strand.call(() -> {
            var pin = dma.pin(IOVA, LENGTH, true);
            assertThat(pin.write(IOVA, new byte[16], 0, 16)).isTrue();
            vm.process.ioctl(vm.iommufd, new IoasUnmap(vm.ioas, IOVA, LENGTH));
            assertThat(pin.write(IOVA, new byte[16], 0, 16)).isFalse();
        });

        assertThat(rig.kernel.frames().pinned()).isZero();
        assertThat(fd).isPositive();
    }

    @Test
    void aDevicesFileIsClosedWhileItPins() throws ExecutionException, InterruptedException {
        var strand = loop.strand();
        var instance = rig.create("pinned", strand);
        var running = writer(Kind.PINS, strand, rig.last().dma());
        for (int round = 0; round < ROUNDS; round++) {
            int fd = open(instance);
            vm.map(IOVA, 0, LENGTH);
            vm.process.close(fd);
            vm.process.ioctl(vm.iommufd, IoasUnmap.all(vm.ioas));
        }
        stop.set(true);
        running.get();

        assertThat(rig.kernel.frames().pinned()).isZero();
    }

    @Test
    void theProcessThatGivesTheMemoryEndsWhileTheDeviceUsesIt() throws ExecutionException, InterruptedException {
        var strand = loop.strand();
        var instance = rig.create("pinned", strand);
        var running = writer(Kind.COPIES, strand, rig.last().dma());
        open(instance);
        vm.map(IOVA, 0, LENGTH);
        while (written.get() < 3) {
            Thread.onSpinWait();
        }

        vm.process.exit();

        long after = written.get();
        assertThat(instance.isOpen()).isFalse();
        stop.set(true);
        running.get();
        assertThat(written.get()).isLessThanOrEqualTo(after + 1);
    }

    @Test
    void instancesAreMadeAndRemovedByManyThreads() throws ExecutionException, InterruptedException {
        Runnable task = () -> {
            for (int i = 0; i < 30; i++) {
                try {
                    var instance = rig.bus.create(
                            "dma-pinned", java.util.UUID.randomUUID().toString(), loop::strand);
                    int fd = vm.openAttached(instance);
                    rig.bus.remove(instance.uuid());
                    vm.process.close(fd);
                } catch (HostException e) {
                    assertThat(e.errno()).isEqualTo(Errno.EUSERS);
                }
            }
        };
        var one = threads.submit(task);
        var two = threads.submit(task);
        one.get();
        two.get();

        assertThat(rig.bus.instances()).isEmpty();
        assertThat(rig.host.nodes()).isEmpty();
    }
}
