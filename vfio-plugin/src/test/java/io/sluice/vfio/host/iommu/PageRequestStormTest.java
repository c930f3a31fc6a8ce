package io.sluice.vfio.host.iommu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.iommu.DmaOperation.Progress;
import io.sluice.vfio.host.iommu.PageRequestGroup.Response;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.loop.EventLoop;
import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.loop.Strand;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Operations that wait for pages, while those are answered by one thread and everything is taken away by another.
@Timeout(120)
final class PageRequestStormTest {
    private static final int PAGE = DmaRig.PAGE;
    private static final int PASID = 9;
    private static final int PAGES = 8;
    private static final int OPERATIONS = 6;
    private static final long NANOS = 2_000_000_000L;

    private final DmaRig rig = new DmaRig(PAGES);
    private final IommuDevice device = rig.able(1);
    private final List<Thread> threads = new ArrayList<>();
    private final LinkedBlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<PageRequestGroup> asked = new LinkedBlockingQueue<>();
    private final AtomicLong started = new AtomicLong();
    private final AtomicLong ended = new AtomicLong();
    private final AtomicLong whole = new AtomicLong();
    private volatile boolean over;
    private volatile boolean quit;

    /// A loop that is a thread and a queue.
    private final EventLoop loop = new EventLoop() {
        @Override
        public void execute(Runnable task) {
            tasks.add(task);
        }

        @Override
        public Timer schedule(long delayNanos, Runnable task) {
            throw new IllegalStateException("no timers here");
        }
    };

    private final Strand strand = new Strand(loop, new MachineClock());

    @AfterEach
    void close() throws InterruptedException {
        quit = true;
        for (var thread : threads) {
            thread.join();
        }
        rig.close();
    }

    private <T> void serve(LinkedBlockingQueue<T> queue, java.util.function.Consumer<T> each) {
        threads.add(Thread.ofPlatform().start(() -> {
            while (!quit) {
                T next = poll(queue);
                if (next != null) {
                    each.accept(next);
                }
            }
        }));
    }

    private static <T> @org.jspecify.annotations.Nullable T poll(LinkedBlockingQueue<T> queue) {
        try {
            return queue.poll(1, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /// One operation after the other, each told as ended once.
    private void begin(DmaOperation operation, byte[] data) {
        if (over) {
            return;
        }
        started.incrementAndGet();
        var progress = device.dma().request(operation, PASID, 0, data, 0, data.length, true);
        if (progress != Progress.PENDING) {
            end(operation, progress == Progress.DONE, data);
        }
    }

    private void end(DmaOperation operation, boolean all, byte[] data) {
        ended.incrementAndGet();
        whole.addAndGet(all ? 1 : 0);
        strand.defer(() -> begin(operation, data));
    }

    @Test
    void everyOperationEndsOnceWhateverIsTakenAway() {
        rig.unit.onFault((requester, pasid, iova, write, why) -> {});
        serve(tasks, Runnable::run);
        var random = new SplittableRandom(20_261_121);
        var answers = random.split();
        serve(asked, group -> group.respond(answers.nextInt(4) == 0 ? Response.INVALID : Response.SUCCESS));
        device.group().set(PASID, rig.domain);
        device.onPageRequests(PASID, asked::add);
        for (int i = 0; i < OPERATIONS; i++) {
            var data = new byte[PAGES * PAGE];
            var box = new DmaOperation[1];
            box[0] = new DmaOperation(strand, (which, all) -> end(which, all, data));
            strand.defer(() -> begin(box[0], data));
        }

        for (long until = System.nanoTime() + NANOS; System.nanoTime() < until || whole.get() == 0; ) {
            rig.map(0, 0, PAGES);
            Thread.yield();
            switch (random.nextInt(4)) {
                case 0 -> {
                    device.group().set(PASID, BlockingDomain.INSTANCE);
                    device.group().set(PASID, rig.domain);
                }
                case 1 -> {
                    device.onPageRequests(PASID, null);
                    device.onPageRequests(PASID, asked::add);
                }
                case 2 -> {
                    device.group().stageReset();
                    device.group().endReset();
                }
                default -> Thread.onSpinWait();
            }
            rig.domain.unmap(new Iova(0), PAGES * PAGE);
            Thread.yield();
        }
        over = true;
        rig.unit.remove(device);
        for (long until = System.nanoTime() + 20 * NANOS; ended.get() < started.get() && System.nanoTime() < until; ) {
            Thread.yield();
        }

        assertThat(ended.get()).isEqualTo(started.get());
        assertThat(whole.get()).isPositive().isLessThan(ended.get());
        System.out.println(started + " operations, " + whole + " whole");
    }
}
