package io.sluice.vmm.pci;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.address.Iova;
import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.loop.EventLoop;
import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.loop.Strand;
import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Cards come and go on a real loop while vCPUs reach for them: after a removal has returned, nothing reaches the card
/// and nothing comes from it.
@Timeout(120)
final class ConcurrentRemovalTest {
    private static final int CARDS = 100;
    private static final long PATIENCE = 20_000_000;
    private static final long WINDOW = 0xC000_0000L;
    private static final long CARD = PciHost.ECAM_BASE | 1L << 20;
    private static final long PORT = PciHost.ECAM_BASE | 1 << 15;

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
    private final AtomicInteger late = new AtomicInteger();
    private final AtomicInteger served = new AtomicInteger();
    private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private volatile boolean done;
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

    /// Each access raises the line, and starts work that does DMA.
    private final class Card implements BusDevice {
        private final Strand strand = new Strand(loop, clock);
        private final byte[] buffer = new byte[4];
        private final PciFunction function = PciFunction.builder("card", strand)
                .ids(0x1234, 1)
                .interruptPin(1)
                .memoryBar(0, 4096, this)
                .build();
        private volatile boolean gone;

        @Override
        public long read(long offset, int size) {
            late.addAndGet(gone ? 1 : 0);
            served.incrementAndGet();
            function.intx(true);
            return 0x42;
        }

        @Override
        public void write(long offset, int size, long value) {
            late.addAndGet(gone ? 1 : 0);
            function.intx(false);
            strand.defer(() -> {
                boolean sent = function.dma().write(new Iova(0), buffer, 0, 4);
                late.addAndGet(sent && gone ? 1 : 0);
            });
        }
    }

    private Thread vcpu(Runnable step) {
        var vcpu = new Thread(() -> {
            while (!done) {
                step.run();
            }
        });
        vcpu.setUncaughtExceptionHandler((t, e) -> failures.add(e));
        vcpu.start();
        return vcpu;
    }

    @Test
    void nothingReachesACardThatIsGone() throws InterruptedException {
        var port = new RootPort("pcie-root-port", new Strand(loop, clock), RootPort.Settings.hotPlug(1));
        host.add(1 << 3, false, port);
        host.assignResources();
        var before = memory.mappings();
        var random = new Random(5);
        var vcpus = new ArrayList<Thread>();
        vcpus.add(vcpu(() -> {
            memory.write(CARD | 0x10, 4, WINDOW);
            memory.write(CARD | 0x04, 2, 7);
            memory.read(CARD, 4);
        }));
        vcpus.add(vcpu(() -> {
            memory.read(WINDOW + 8, 4);
            memory.write(WINDOW + 16, 4, 1);
        }));
        vcpus.add(vcpu(() -> memory.write(
                PORT | PortRig.SLOT_CONTROL, 4, 0x011F_0000L | (random.nextInt(8) == 0 ? PortRig.OFF : PortRig.ON))));

        for (int i = 0; i < CARDS; i++) {
            var card = new Card();
            host.add(port, -1, false, true, card.function);
            int target = served.get() + 1;
            for (long start = System.nanoTime(); served.get() < target && System.nanoTime() - start < PATIENCE; ) {
                Thread.onSpinWait();
            }
            host.remove(card.function);
            card.gone = true;
        }
        done = true;
        for (var vcpu : vcpus) {
            vcpu.join();
        }

        assertThat(failures).isEmpty();
        assertThat(served).hasPositiveValue();
        assertThat(late).hasValue(0);
        assertThat(lines).containsOnly(false);
        assertThat(memory.mappings()).isEqualTo(before);
    }
}
