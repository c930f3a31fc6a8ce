package io.sluice.vfio.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.testkit.Copier;
import io.sluice.vfio.testkit.Passthrough;
import io.sluice.vfio.vfio.FeatureData;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.bus.Route;
import io.sluice.vmm.loop.EventLoop;
import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.loop.Strand;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A vCPU writes to a passed-through BAR as fast as it can while the right to it comes and goes.
@Timeout(120)
class ShutBarRaceTest {
    private static final int DEVICE = 3;
    private static final int ROUNDS = 300;

    private final LinkedBlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    private final Thread loop = new Thread(this::loop, "test-loop");
    private final MachineClock clock = new MachineClock();
    private final Passthrough rig;
    private volatile boolean stopped;

    ShutBarRaceTest() {
        clock.start();
        loop.start();
        EventLoop events = new EventLoop() {
            @Override
            public void execute(Runnable task) {
                tasks.add(task);
            }

            @Override
            public Timer schedule(long delayNanos, Runnable task) {
                return () -> {};
            }
        };
        rig = new Passthrough(() -> new Strand(events, clock));
    }

    private void loop() {
        try {
            while (true) {
                tasks.take().run();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @AfterEach
    void close() throws InterruptedException {
        rig.close();
        loop.interrupt();
        loop.join();
    }

    @Test
    void afterTheCallThatShutsItReturnsNothingIsWritten() throws InterruptedException {
        var strand = rig.at("copier0").pci().strand();
        var bound = rig.bind("copier0");
        var made = new GuestFunction[1];
        strand.call(() -> {
            bound.open();
            made[0] = new GuestFunction("vfio-pci", bound.vfio, true);
        });
        rig.board.host.add(Bdf.of(0, DEVICE, 0), made[0].function());
        rig.board.host.assignResources();
        rig.board.enable(DEVICE, 6);
        long bar = rig.board.bar(DEVICE, 0);
        var device = bound.function.pci().bars().getFirst().device();
        var vcpu = new Thread(() -> write(bar), "test-vcpu");
        vcpu.start();
        long moved = 0;

        for (int i = 0; i < ROUNDS; i++) {
            var seen = new long[2];
            int round = i;
            strand.call(() -> shut(bound, round, true));
            strand.call(() -> seen[0] = device.read(Copier.SOURCE, 8));
            Thread.onSpinWait();
            strand.call(() -> seen[1] = device.read(Copier.SOURCE, 8));
            strand.call(() -> shut(bound, round, false));
            moved += seen[1] - seen[0];
        }
        stopped = true;
        vcpu.join();

        assertThat(moved).isZero();
    }

    private void write(long bar) {
        var route = new Route(rig.board.memory);
        for (long n = 1; !stopped; n++) {
            route.write(bar + Copier.SOURCE, 8, n);
        }
    }

    /// Memory decoding off, a power state without it, and low power, in turn.
    private static void shut(Passthrough.Bound bound, int round, boolean shut) {
        switch (round % 3) {
            case 0 -> bound.config(4, 2, shut ? 0 : 6);
            case 1 -> bound.config(bound.capability(1) + 4, 2, shut ? 3 : 0);
            default -> bound.feature(shut ? 3 : 5).set(new FeatureData.None());
        }
    }
}
