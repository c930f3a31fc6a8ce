package io.sluice.vfio.enqcmd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.process.Kernel;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.ProcessPasids;
import io.sluice.vmm.address.Pasid;
import io.sluice.vmm.trace.Trace;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class VmPasidsTest {
    private final Steps steps = new Steps();
    private final Kernel kernel = new Kernel(steps, Trace.none());
    private final Process process = kernel.start("vmm", 1000, Set.of(), 0);
    private final VmPasids pasids = new VmPasids(process);
    private final EnqcmdUnit vcpu = pasids.newUnit();
    private final Map<Integer, Deque<ProcessPasids.Grant>> grants = new HashMap<>();

    @AfterEach
    void close() {
        pasids.close();
        kernel.close();
    }

    private static void refused(Errno errno, ThrowingCallable call) {
        var refused = catchThrowableOfType(HostException.class, call);
        assertThat(refused).as("refused with " + errno).isNotNull();
        assertThat(refused.errno()).isEqualTo(errno);
    }

    private void authorize(int pasid) {
        grants(pasid).push(process.pasids().authorize(new Pasid(pasid)));
    }

    private void revoke(int pasid) {
        grants(pasid).pop().revoke();
    }

    private Deque<ProcessPasids.Grant> grants(int pasid) {
        return grants.computeIfAbsent(pasid, value -> new ArrayDeque<>());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 1023, 1024, (1 << 19) - 1, 1 << 19, (1 << 20) - 1})
    void aGuestsPasidStandsForTheHostsOnceItIsMapped(int guest) {
        authorize(77);
        assertThat(vcpu.translate(guest)).isEqualTo(EnqcmdUnit.MISS);

        pasids.map(guest, new Pasid(77));

        assertThat(vcpu.translate(guest)).isEqualTo(77);
        pasids.unmap(guest);
        assertThat(vcpu.translate(guest)).isEqualTo(EnqcmdUnit.MISS);
        assertThat(pasids.size()).isZero();
    }

    @Test
    void aGuestGetsOnlyWhatItsProcessMayUse() {
        refused(Errno.EPERM, () -> pasids.map(5, new Pasid(77)));
        authorize(77);
        pasids.map(5, new Pasid(77));

        assertThat(pasids.find(5)).isEqualTo(77);
    }

    @Test
    void badAndTakenNumbersAreRefused() {
        authorize(77);
        authorize(78);
        pasids.map(5, new Pasid(77));

        refused(Errno.EINVAL, () -> pasids.map(1 << 20, new Pasid(77)));
        refused(Errno.EINVAL, () -> pasids.map(-1, new Pasid(77)));
        refused(Errno.EINVAL, () -> pasids.unmap(1 << 20));
        refused(Errno.ENOENT, () -> pasids.unmap(6));
        refused(Errno.EEXIST, () -> pasids.map(5, new Pasid(78)));
        pasids.map(5, new Pasid(77));
        assertThat(vcpu.translate(1 << 20)).isEqualTo(EnqcmdUnit.MISS);
        assertThat(vcpu.translate(-1)).isEqualTo(EnqcmdUnit.MISS);
        assertThat(pasids.size()).isEqualTo(1);
    }

    @Test
    void whatTheProcessLosesTheGuestLoses() {
        authorize(77);
        authorize(78);
        pasids.map(5, new Pasid(77));
        pasids.map(6, new Pasid(77));
        pasids.map(7, new Pasid(78));

        revoke(77);

        assertThat(vcpu.translate(5)).isEqualTo(EnqcmdUnit.MISS);
        assertThat(vcpu.translate(6)).isEqualTo(EnqcmdUnit.MISS);
        assertThat(vcpu.translate(7)).isEqualTo(78);
    }

    @Test
    void anAuthorisationThatIsGivenTwiceIsTakenTwice() {
        authorize(77);
        authorize(77);
        pasids.map(5, new Pasid(77));

        revoke(77);
        assertThat(vcpu.translate(5)).isEqualTo(77);
        revoke(77);
        assertThat(vcpu.translate(5)).isEqualTo(EnqcmdUnit.MISS);
    }

    @Test
    void aChildHasNothingAndAnotherProgramNeither() {
        authorize(77);
        pasids.map(5, new Pasid(77));

        try (var childs = new VmPasids(process.fork())) {
            refused(Errno.EPERM, () -> childs.map(5, new Pasid(77)));
        }
        process.exec("other");

        assertThat(pasids.find(5)).isEqualTo(EnqcmdUnit.MISS);
        assertThat(process.pasids().isAuthorized(new Pasid(77))).isFalse();
    }

    @Test
    void exitTakesEverything() {
        authorize(77);
        pasids.map(5, new Pasid(77));

        process.exit();

        assertThat(vcpu.translate(5)).isEqualTo(EnqcmdUnit.MISS);
    }

    @Test
    void aMapThatFailsLeavesNothing() {
        authorize(77);
        steps.fail("enqcmd.map.entry", 1, Errno.ENOMEM);

        refused(Errno.ENOMEM, () -> pasids.map(5, new Pasid(77)));

        steps.disarm();
        assertThat(pasids.size()).isZero();
        pasids.map(5, new Pasid(77));
    }

    @Test
    void aRemovalWaitsForTheCommandThatIsUnderWay() throws InterruptedException, ExecutionException {
        authorize(77);
        pasids.map(5, new Pasid(77));
        assertThat(vcpu.begin(5)).isEqualTo(77);
        var removed = new AtomicBoolean();
        try (var threads = Executors.newSingleThreadExecutor()) {
            var removal = threads.submit(() -> {
                revoke(77);
                removed.set(true);
            });

            while (vcpu.translate(5) != EnqcmdUnit.MISS) {
                Thread.onSpinWait();
            }
            TimeUnit.MILLISECONDS.sleep(20);
            assertThat(removed).isFalse();
            vcpu.end();
            removal.get();
        }

        assertThat(removed).isTrue();
    }

    @Test
    void aThreadThatRemovesFromWithinItsOwnCommandDoesNotWaitForItself() {
        authorize(77);
        pasids.map(5, new Pasid(77));

        vcpu.begin(5);
        pasids.unmap(5);
        vcpu.end();

        assertThat(vcpu.begin(5)).isEqualTo(EnqcmdUnit.MISS);
        vcpu.end();
    }

    @Test
    void aVcpuThatIsGoneIsNotWaitedFor() {
        authorize(77);
        pasids.map(5, new Pasid(77));
        var gone = pasids.newUnit();
        try (var threads = Executors.newSingleThreadExecutor()) {
            assertThat(threads.submit(() -> gone.begin(5))).succeedsWithin(5, TimeUnit.SECONDS);
        }
        gone.close();

        pasids.unmap(5);
    }

    /// Threads as vCPUs send commands all the time; a device counts those that come by a PASID that the process lost
    /// before the command was accepted. There must be none.
    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void noCommandIsAcceptedAfterARevocationHasReturned(long seed) throws InterruptedException, ExecutionException {
        int hosts = 8;
        var live = new AtomicBoolean[hosts];
        for (int host = 0; host < hosts; host++) {
            live[host] = new AtomicBoolean();
        }
        var stop = new AtomicBoolean();
        var stray = new AtomicInteger();
        var accepted = new AtomicInteger();
        try (var threads = Executors.newFixedThreadPool(3)) {
            var vcpus = IntStream.range(0, 3)
                    .<Future<?>>mapToObj(i -> threads.submit(() -> {
                        try (var unit = pasids.newUnit()) {
                            var random = new Random(seed * 31 + i);
                            while (!stop.get()) {
                                int host = unit.begin(random.nextInt(hosts));
                                if (host != EnqcmdUnit.MISS) {
                                    accepted.incrementAndGet();
                                    if (!live[host].get()) {
                                        stray.incrementAndGet();
                                    }
                                }
                                unit.end();
                            }
                        }
                    }))
                    .toList();
            var random = new Random(seed);
            long end = System.nanoTime() + 400_000_000L;
            while (System.nanoTime() - end < 0 || accepted.get() == 0) {
                int host = random.nextInt(hosts);
                if (live[host].get()) {
                    revoke(host);
                    live[host].set(false);
                } else {
                    live[host].set(true);
                    authorize(host);
                    pasids.map(host, new Pasid(host));
                }
            }
            stop.set(true);
            for (var running : vcpus) {
                running.get();
            }
        }

        assertThat(accepted.get()).isPositive();
        assertThat(stray.get()).isZero();
    }
}
