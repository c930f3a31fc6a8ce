package io.sluice.vfio.guest;

import io.sluice.vfio.testkit.Passthrough;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.bus.Route;
import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.loop.vertx.LoopEvents;
import io.sluice.vmm.loop.vertx.VertxLoops;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/// What a doorbell of a passed-through NVMe controller costs the vCPU that rings it, beside a store to RAM by the same
/// way; the controller's loop is the product's, and awake on another thread, as it is while a guest is busy.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class GuestDoorbellBenchmark {
    private static final int DEVICE = 3;
    private static final long DOORBELL = 0x1000;
    /// Work of the guest between two doorbells: a driver fills in a command before it rings.
    private static final int TOKENS = 200;

    private final VertxLoops loops = VertxLoops.start(1, new LoopEvents() {
        @Override
        public void failed(String loop, Throwable failure) {
            throw new IllegalStateException(failure);
        }

        @Override
        public void blocked(String loop, long nanos) {}
    });
    private Passthrough rig;
    private Route route;
    private long doorbell;

    @Setup
    public void pass() {
        var clock = new MachineClock();
        clock.start();
        rig = new Passthrough(() -> new Strand(loops.io(0), clock));
        var strand = rig.at("nvme0").pci().strand();
        var made = new GuestFunction[1];
        var bound = rig.bind("nvme0");
        strand.call(() -> {
            bound.open();
            made[0] = new GuestFunction("vfio-pci", bound.vfio, true);
        });
        rig.board.host.add(Bdf.of(0, DEVICE, 0), made[0].function());
        rig.board.host.assignResources();
        rig.board.enable(DEVICE, 6);
        doorbell = rig.board.bar(DEVICE, 0) + DOORBELL;
        route = new Route(rig.board.memory);
    }

    @TearDown
    public void end() {
        rig.close();
        loops.close();
    }

    /// What both others do beside.
    @Benchmark
    public void work() {
        Blackhole.consumeCPU(TOKENS);
    }

    @Benchmark
    public void storeToRam() {
        Blackhole.consumeCPU(TOKENS);
        route.write(0x1000, 4, 1);
    }

    @Benchmark
    public void doorbell() {
        Blackhole.consumeCPU(TOKENS);
        route.write(doorbell, 4, 1);
    }
}
