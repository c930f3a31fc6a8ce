package io.sluice.vmm.loop.vertx;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.loop.Strand;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.SocketAddress;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class VertxLoopsTest {
    private final List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    private final List<Long> blocks = Collections.synchronizedList(new ArrayList<>());
    private final Set<Thread> before = Thread.getAllStackTraces().keySet();
    private final VertxLoops loops = VertxLoops.start(2, new LoopEvents() {
        @Override
        public void failed(String loop, Throwable failure) {
            failures.add(failure);
        }

        @Override
        public void blocked(String loop, long nanos) {
            blocks.add(nanos);
        }
    });

    @AfterEach
    void end() {
        loops.close();
    }

    private Set<String> newThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> !before.contains(thread) && thread.isAlive())
                .map(Thread::getName)
                .collect(Collectors.toSet());
    }

    @Test
    void theLoopsAreTheOnlyThreads() {
        assertThat(newThreads()).containsExactlyInAnyOrder("vm-loop", "io-loop-0", "io-loop-1");
    }

    @Test
    void closingLeavesNoThread() {
        loops.close();

        assertThat(newThreads()).isEmpty();
    }

    @Test
    void closingLeavesNoThreadOfVertxEither() {
        loops.vertx();
        loops.close();

        await().pollInSameThread()
                .atMost(Duration.ofSeconds(90))
                .untilAsserted(() -> assertThat(newThreads()).isEmpty());
    }

    @Test
    void tasksOfOneThreadRunInOrder() throws Exception {
        var seen = new ArrayList<Integer>();
        var done = new CountDownLatch(10_000);

        IntStream.range(0, 10_000)
                .forEach(i -> loops.vm().execute(() -> {
                    seen.add(i);
                    done.countDown();
                }));

        assertThat(done.await(60, SECONDS)).isTrue();
        assertThat(seen).isSorted().hasSize(10_000);
    }

    @Test
    void aTaskRunsOnTheNamedThreadOfItsLoop() {
        var vm = new CompletableFuture<String>();
        var io = new CompletableFuture<String>();

        loops.vm().execute(() -> vm.complete(Thread.currentThread().getName()));
        loops.io(3).execute(() -> io.complete(Thread.currentThread().getName()));

        assertThat(vm.join()).isEqualTo("vm-loop");
        assertThat(io.join()).isEqualTo("io-loop-1");
    }

    @Test
    void aTimerIsLateByLessThanAMillisecondAndNeverEarly() {
        var lateness = new ArrayList<Long>();

        for (int i = 0; i < 100; i++) {
            var fired = new CompletableFuture<Long>();
            long due = System.nanoTime() + 700_000;
            loops.vm().schedule(700_000, () -> fired.complete(System.nanoTime()));
            lateness.add(fired.join() - due);
        }

        Collections.sort(lateness);
        assertThat(lateness.getFirst()).isGreaterThanOrEqualTo(0);
        assertThat(lateness.get(50)).as("median").isLessThan(MILLISECONDS.toNanos(1));
    }

    @Test
    void aTimerIsPreciseOnALoopThatHasChannelsToo(@TempDir Path directory) throws Exception {
        serveOneEcho(directory.resolve("socket").toString());
        var lateness = new ArrayList<Long>();

        for (int i = 0; i < 100; i++) {
            var fired = new CompletableFuture<Long>();
            long delay = 300_000 + i * 30_000L;
            long due = System.nanoTime() + delay;
            loops.io(i).schedule(delay, () -> fired.complete(System.nanoTime()));
            lateness.add(fired.join() - due);
        }

        Collections.sort(lateness);
        assertThat(lateness.getFirst()).isGreaterThanOrEqualTo(0);
        assertThat(lateness.get(50)).as("median").isLessThan(MILLISECONDS.toNanos(1));
    }

    @Test
    void aCancelledTimerDoesNotFire() {
        var fired = new AtomicInteger();

        var timer = loops.vm().schedule(MILLISECONDS.toNanos(30), fired::incrementAndGet);
        timer.cancel();

        LockSupport.parkNanos(MILLISECONDS.toNanos(60));
        assertThat(fired).hasValue(0);
    }

    @Test
    void aFailingTaskIsReportedAndTheLoopGoesOn() {
        var next = new CompletableFuture<Boolean>();

        loops.vm().execute(() -> {
            throw new IllegalStateException("broken");
        });
        loops.vm().execute(() -> next.complete(true));

        assertThat(next.join()).isTrue();
        assertThat(failures).singleElement().satisfies(f -> assertThat(f).hasMessage("broken"));
    }

    @Test
    void aFailingTimerIsReported() {
        loops.vm().schedule(0, () -> {
            throw new IllegalStateException("broken timer");
        });

        await().untilAsserted(() -> assertThat(failures).hasSize(1));
    }

    @Test
    void aFailingTaskDoesNotLeaveItsStrandLocked() {
        var strand = new Strand(loops.vm(), new MachineClock());
        var next = new CompletableFuture<Boolean>();

        strand.defer(() -> {
            throw new IllegalStateException("broken");
        });
        strand.defer(() -> next.complete(true));

        assertThat(next.join()).isTrue();
        assertThat(failures).hasSize(1);
    }

    @Test
    void aTaskThatHoldsTheLoopIsReported() {
        loops.vm().execute(() -> LockSupport.parkNanos(VertxLoops.BLOCKED_NANOS + MILLISECONDS.toNanos(200)));

        await().atMost(Duration.ofSeconds(90))
                .untilAsserted(() -> assertThat(blocks)
                        .singleElement()
                        .satisfies(nanos -> assertThat(nanos).isGreaterThan(VertxLoops.BLOCKED_NANOS)));
        assertThat(loops.watches().getFirst().maxBatchNanos()).isGreaterThan(VertxLoops.BLOCKED_NANOS);
    }

    @Test
    void noHandoverIsLostWhileTheLoopFallsAsleep() throws Exception {
        var rounds = 20_000;
        var done = new CountDownLatch(rounds);

        for (int i = 0; i < rounds; i++) {
            long left = done.getCount();
            loops.io(0).execute(done::countDown);
            await().pollInterval(Duration.ofNanos(1))
                    .pollDelay(Duration.ZERO)
                    .atMost(Duration.ofSeconds(90))
                    .pollInSameThread()
                    .until(() -> done.getCount() < left);
            LockSupport.parkNanos(i % 64 * 1_000L);
        }

        assertThat(done.await(60, SECONDS)).isTrue();
    }

    @Test
    void aStrandIsSerialWhenManyThreadsUseIt() throws Exception {
        var strand = new Strand(loops.io(0), new MachineClock());
        var inside = new AtomicInteger();
        var plain = new int[1];
        var threads = IntStream.range(0, 4)
                .mapToObj(t -> Thread.ofPlatform().start(() -> {
                    for (int i = 0; i < 20_000; i++) {
                        strand.call(() -> {
                            assertThat(inside.incrementAndGet()).isEqualTo(1);
                            plain[0]++;
                            inside.decrementAndGet();
                        });
                    }
                }))
                .toList();

        for (var thread : threads) {
            thread.join();
        }

        strand.call(() -> assertThat(plain[0]).isEqualTo(80_000));
    }

    @Test
    void workAfterTheEndIsDropped() {
        loops.close();

        loops.vm().execute(() -> failures.add(new AssertionError("ran")));
        loops.vm().schedule(0, () -> failures.add(new AssertionError("ran"))).cancel();

        assertThat(failures).isEmpty();
    }

    @Test
    void aLoopCannotCloseItself() {
        var outcome = new CompletableFuture<Boolean>();

        loops.vm().execute(() -> {
            assertThatIllegalStateException().isThrownBy(loops::close);
            outcome.complete(true);
        });

        assertThat(outcome.join()).isTrue();
    }

    @Test
    void vertxServesSocketsOnTheseThreads(@TempDir Path directory) throws Exception {
        var path = directory.resolve("socket").toString();
        var servedBy = serveOneEcho(path);

        var answer = new CompletableFuture<String>();
        var client = loops.vertx().createNetClient();
        client.connect(SocketAddress.domainSocketAddress(path))
                .onComplete(
                        socket -> {
                            socket.handler(bytes -> answer.complete(bytes.toString()));
                            socket.write("hello");
                        },
                        answer::completeExceptionally);

        assertThat(answer.join()).isEqualTo("hello");
        assertThat(servedBy.join()).startsWith("io-loop-"); // the VM loop has the guest's timers
        Reference.reachabilityFence(client); // a client that nobody holds is closed by Vert.x at the next collection
    }

    private CompletableFuture<String> serveOneEcho(String path) throws TimeoutException {
        var servedBy = new CompletableFuture<String>();
        loops.vertx()
                .createNetServer()
                .connectHandler(socket -> socket.handler((Buffer bytes) -> {
                    servedBy.complete(Thread.currentThread().getName());
                    socket.write(bytes);
                }))
                .listen(SocketAddress.domainSocketAddress(path))
                .await(60, SECONDS);
        return servedBy;
    }
}
