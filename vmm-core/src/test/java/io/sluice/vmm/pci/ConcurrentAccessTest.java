package io.sluice.vmm.pci;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.loop.EventLoop;
import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.loop.Strand;
import java.util.ArrayList;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Several vCPUs at once, on a real loop: accesses wait for one another but never fail, hang or reach two functions.
@Timeout(120)
class ConcurrentAccessTest {
    private static final int ROUNDS = 20_000;

    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
    private final EventLoop loop = new EventLoop() {
        @Override
        public void execute(Runnable task) {
            thread.execute(task);
        }

        @Override
        public Timer schedule(long delayNanos, Runnable task) {
            var future = thread.schedule(task, delayNanos, TimeUnit.NANOSECONDS);
            return () -> future.cancel(false);
        }
    };
    private final MachineClock clock = new MachineClock();
    private final AddressSpace memory = new AddressSpace("memory", (1L << 40) - 1);
    private final boolean[] lines = new boolean[8];
    private final PciHost host = new PciHost(
            memory,
            new AddressSpace("io", 0xFFFF),
            (address, data) -> {},
            IntStream.range(0, 8)
                    .mapToObj(i -> (IrqLine) level -> lines[i] = level)
                    .toArray(IrqLine[]::new),
            new Strand(loop, clock),
            PciWindows.DEFAULT);

    @AfterEach
    void close() {
        thread.shutdownNow();
    }

    /// Its line follows the last byte written; its work goes through the loop, so the strand is often busy.
    private final class Bell implements BusDevice {
        private final Strand strand = new Strand(loop, clock);
        private final PciFunction function = PciFunction.builder("bell", strand)
                .ids(0x1234, 1)
                .interruptPin(1)
                .memoryBar(0, 4096, this)
                .build();
        private boolean inside;
        private int overlaps;

        @Override
        public long read(long offset, int size) {
            overlaps += inside ? 1 : 0;
            inside = true;
            Thread.onSpinWait();
            inside = false;
            return 0x42;
        }

        @Override
        public void write(long offset, int size, long value) {
            function.intx((value & 1) != 0);
            strand.defer(() -> read(0, 1));
        }
    }

    @Test
    void vcpusThatMoveReadAndRingDoNotDisturbOneAnother() throws InterruptedException {
        var one = new Bell();
        var other = new Bell();
        host.add(Bdf.of(0, 1, 0), one.function);
        host.add(Bdf.of(0, 9, 0), other.function);
        host.assignResources();
        long config = PciHost.ECAM_BASE | 1 << 15;
        long still = memory.read(PciHost.ECAM_BASE | 9 << 15 | 0x10, 4);
        var failures = new ConcurrentLinkedQueue<Throwable>();
        var wrong = new ConcurrentLinkedQueue<Long>();
        var vcpus = new ArrayList<Thread>();
        vcpus.add(new Thread(() -> {
            for (int i = 0; i < ROUNDS; i++) {
                memory.write(config + 0x10, 4, 0xD000_0000L + (i & 7) * 4096L);
                if ((memory.read(0xD000_0000L + (i & 7) * 4096L, 1) & 0xFF) != 0x42) {
                    wrong.add((long) i);
                }
            }
        }));
        vcpus.add(new Thread(() -> {
            for (int i = 0; i <= ROUNDS; i++) {
                memory.write(still, 1, i & 1);
            }
        }));
        vcpus.add(new Thread(() -> {
            for (int i = 0; i < ROUNDS; i++) {
                long seen = memory.read(0xD000_0000L, 1) & 0xFF;
                if (seen != 0x42 && seen != 0xFF) {
                    wrong.add(seen);
                }
                memory.write(0xD000_0000L, 1, 1);
            }
        }));
        vcpus.forEach(v -> v.setUncaughtExceptionHandler((t, e) -> failures.add(e)));

        vcpus.forEach(Thread::start);
        for (var vcpu : vcpus) {
            vcpu.join();
        }
        one.strand.call(() -> one.function.intx(false));
        other.strand.call(() -> {});

        assertThat(failures).isEmpty();
        assertThat(wrong).isEmpty();
        assertThat(one.overlaps + other.overlaps).isZero();
        assertThat(lines).containsOnly(false);
        assertThat(memory.mappings().stream().filter(m -> m.first() >= 0xC000_0000L))
                .hasSize(2);
    }
}
