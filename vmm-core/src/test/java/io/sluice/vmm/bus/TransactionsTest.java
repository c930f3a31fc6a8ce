package io.sluice.vmm.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.vmm.loop.EventLoop;
import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.testkit.DirectLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class TransactionsTest {
    private static final int WRITES = 20_000;

    private final ExecutorService thread = Executors.newSingleThreadExecutor();
    private final CountDownLatch open = new CountDownLatch(1);
    private final List<Long> taken = new ArrayList<>();

    /// Takes nothing before it is opened.
    private final BusDevice slow = new BusDevice() {
        @Override
        public long read(long offset, int size) {
            return taken.size();
        }

        @Override
        public void write(long offset, int size, long value) {
            try {
                open.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            taken.add(value);
        }
    };

    private final EventLoop loop = new EventLoop() {
        @Override
        public void execute(Runnable task) {
            thread.execute(task);
        }

        @Override
        public Timer schedule(long delayNanos, Runnable task) {
            throw new IllegalStateException("no timers here");
        }
    };

    @AfterEach
    void endTheThread() {
        thread.shutdownNow();
    }

    @Test
    void aRequesterThatWritesFasterThanTheDeviceTakesWaitsAndLosesNothing() throws InterruptedException {
        var strand = new Strand(loop, new MachineClock());
        var space = new AddressSpace("memory", 0xFFFF);
        space.add(new Mapping.Device(0, 0xFFF, slow, strand, 0, true));
        var writer = new Thread(() -> LongStream.range(0, WRITES).forEach(i -> space.write(8, 4, i)));
        writer.start();
        await().until(() -> writer.getState() == Thread.State.WAITING);

        int waiting = strand.backlog();
        open.countDown();
        writer.join();

        assertThat(waiting).isLessThan(WRITES / 2);
        assertThat(space.read(0, 4)).isEqualTo(WRITES);
        assertThat(taken).isEqualTo(LongStream.range(0, WRITES).boxed().toList());
    }

    @Test
    void aRouteForgetsADeviceThatLeft() {
        var space = new AddressSpace("memory", 0xFFFF);
        var mapping = space.mapDevice(0, 0x1000, slow, new DirectLoop().strand());
        var route = new Route(space);
        long before = route.read(0, 4);

        space.remove(mapping);

        assertThat(before).isZero();
        assertThat(route.read(0, 4)).isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void aRouteLeavesAnAccessAcrossTheEndOfADeviceToNobody() {
        var space = new AddressSpace("memory", 0xFFFF);
        space.mapDevice(0, 0x10, slow, new DirectLoop().strand());
        var route = new Route(space);
        route.read(0xC, 4);

        long across = route.read(0xE, 4);

        assertThat(across).isEqualTo(0xFFFF_FFFFL);
    }
}
