package io.sluice.vmm.loop.vertx;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.testkit.StrandContract;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Strands on the product's loop, which looks at them while it is awake.
@Timeout(120)
final class VertxStrandTest extends StrandContract {
    private final List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    private final List<Long> blocks = Collections.synchronizedList(new ArrayList<>());
    private final VertxLoops loops = VertxLoops.start(0, new LoopEvents() {
        @Override
        public void failed(String loop, Throwable failure) {
            failures.add(failure);
        }

        @Override
        public void blocked(String loop, long nanos) {
            blocks.add(nanos);
        }
    });
    private final MachineClock clock = new MachineClock();
    private final List<Strand> strands = new ArrayList<>();

    VertxStrandTest() {
        clock.start();
    }

    @AfterEach
    void end() {
        loops.close();
    }

    @Override
    protected Strand newStrand() {
        var strand = new Strand(loops.vm(), clock);
        strands.add(strand);
        return strand;
    }

    @Override
    protected MachineClock clock() {
        return clock;
    }

    @Override
    protected void pass(long nanos) {
        long end = System.nanoTime() + nanos;
        for (long left = nanos; left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
        strands.forEach(strand -> strand.call(() -> {}));
    }

    /// Gaps lie around the time after which the loop sleeps.
    @Test
    void noPostIsLostWhileTheLoopFallsAsleepOrLooks() throws InterruptedException {
        long seed = System.nanoTime();
        System.out.println("noPostIsLostWhileTheLoopFallsAsleepOrLooks: seed " + seed);
        var random = new SplittableRandom(seed);
        var strand = newStrand();
        for (int i = 0; i < 30_000; i++) {
            var done = new CountDownLatch(1);

            strand.defer(done::countDown);

            assertThat(done.await(60, SECONDS)).as("post %d", i).isTrue();
            spin(random.nextLong(2 * VertxLoops.SPIN_NANOS));
        }
    }

    /// Doorbells and register reads of two vCPUs.
    @Test
    void whoGetsInFindsDoneAllThatItBroughtBefore() throws InterruptedException {
        long seed = System.nanoTime();
        System.out.println("whoGetsInFindsDoneAllThatItBroughtBefore: seed " + seed);
        var strand = newStrand();
        var overtaken = new AtomicBoolean();
        var threads = List.of(
                Thread.ofPlatform().start(() -> ringAndRead(strand, new SplittableRandom(seed), overtaken)),
                Thread.ofPlatform().start(() -> ringAndRead(strand, new SplittableRandom(seed + 1), overtaken)));
        for (var thread : threads) {
            thread.join();
        }

        assertThat(overtaken).isFalse();
        assertThat(failures).isEmpty();
    }

    private static void ringAndRead(Strand strand, SplittableRandom random, AtomicBoolean overtaken) {
        var rung = new int[1];
        for (int brought = 1; brought <= 100_000; brought++) {
            int before = brought - 1;
            strand.defer(() -> {
                if (rung[0] != before) {
                    overtaken.set(true);
                }
                rung[0]++;
            });
            spin(random.nextLong(1_000));
            if (strand.tryEnter()) {
                if (rung[0] != brought) {
                    overtaken.set(true);
                }
                strand.exit();
            }
        }
        strand.call(() -> {
            if (rung[0] != 100_000) {
                overtaken.set(true);
            }
        });
    }

    private static void spin(long nanos) {
        long start = System.nanoTime();
        while (System.nanoTime() - start < nanos) {
            Thread.onSpinWait();
        }
    }

    @RepeatedTest(50)
    void postedWorkIsDoneBeforeTheLoopEnds() {
        var strand = newStrand();
        var done = new ArrayList<Integer>();
        strand.call(() -> {});

        for (int i = 0; i < 1_000; i++) {
            int number = i;
            strand.defer(() -> done.add(number));
        }
        loops.close();

        assertThat(done).hasSize(1_000).isSorted();
    }

    @Test
    void aStrandThatAlwaysHasWorkLeavesTurnsToOthersAndToTimers() throws InterruptedException {
        var stop = new AtomicBoolean();
        var busy = newStrand();
        var other = newStrand();
        other.defer(() -> {});
        busy.defer(new Runnable() {
            @Override
            public void run() {
                if (!stop.get()) {
                    busy.defer(this);
                }
            }
        });
        var posts = new CountDownLatch(100);
        var timer = new CountDownLatch(1);

        other.at(clock.nanos() + MILLISECONDS.toNanos(2), timer::countDown);
        for (int i = 0; i < 100; i++) {
            other.defer(posts::countDown);
            spin(10_000);
        }

        assertThat(posts.await(60, SECONDS)).isTrue();
        assertThat(timer.await(60, SECONDS)).isTrue();
        stop.set(true);
    }

    @Test
    void tasksOfVertxThatBringTasksDoNotHoldUpAPost() throws InterruptedException {
        var stop = new AtomicBoolean();
        var strand = newStrand();
        strand.call(() -> {});
        var netty = ((VertxEventLoop) loops.vm()).netty();
        netty.execute(new Runnable() {
            @Override
            public void run() {
                if (!stop.get()) {
                    netty.execute(this);
                }
            }
        });

        long most = 0;
        for (int i = 0; i < 100; i++) {
            var done = new CountDownLatch(1);
            long start = System.nanoTime();
            strand.defer(done::countDown);
            assertThat(done.await(60, SECONDS)).isTrue();
            most = Math.max(most, System.nanoTime() - start);
        }
        stop.set(true);

        assertThat(most).isLessThan(MILLISECONDS.toNanos(500));
    }

    @Test
    void aTaskThatFailsOrHoldsTheLoopIsReportedWhenTheLoopFoundItItself() throws InterruptedException {
        var strand = newStrand();
        var done = new CountDownLatch(1);
        strand.defer(() -> LockSupport.parkNanos(MILLISECONDS.toNanos(1)));

        strand.defer(() -> {
            throw new IllegalStateException("broken");
        });
        strand.defer(() -> LockSupport.parkNanos(VertxLoops.BLOCKED_NANOS + MILLISECONDS.toNanos(200)));
        strand.defer(() -> {});
        strand.defer(done::countDown);

        assertThat(done.await(60, SECONDS)).isTrue();
        loops.close();
        assertThat(failures).singleElement().satisfies(f -> assertThat(f).hasMessage("broken"));
        assertThat(blocks)
                .singleElement()
                .satisfies(nanos -> assertThat(nanos).isGreaterThan(VertxLoops.BLOCKED_NANOS));
    }
}
