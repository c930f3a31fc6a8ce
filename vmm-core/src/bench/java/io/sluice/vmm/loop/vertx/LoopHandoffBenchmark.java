package io.sluice.vmm.loop.vertx;

import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.loop.Strand;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/// What handing work to a device costs a vCPU, and what spinning before sleep ([LoopWait]) buys.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class LoopHandoffBenchmark {
    @Param({"0", "20000"})
    private long spinNanos;

    /// Work of the vCPU between two doorbells.
    @Param({"0", "5000"})
    private int tokens;

    private VertxLoops loops;
    private Strand strand;
    private volatile boolean rung;
    private final Runnable ring = () -> rung = true;
    private final Runnable nothing = () -> {};

    @Setup
    public void start() {
        loops = VertxLoops.start(
                0,
                new LoopEvents() {
                    @Override
                    public void failed(String loop, Throwable failure) {
                        throw new IllegalStateException(failure);
                    }

                    @Override
                    public void blocked(String loop, long nanos) {}
                },
                spinNanos);
        strand = new Strand(loops.vm(), new MachineClock());
    }

    @TearDown
    public void end() {
        loops.close();
    }

    /// A doorbell: enqueue and go on.
    @Benchmark
    public void doorbell() {
        Blackhole.consumeCPU(tokens);
        strand.defer(nothing);
    }

    /// A doorbell and a wait for its effect.
    @Benchmark
    public void doorbellAndEffect() {
        Blackhole.consumeCPU(tokens);
        rung = false;
        strand.defer(ring);
        while (!rung) {
            Thread.onSpinWait();
        }
    }

    /// A register access: the strand is idle, the vCPU goes in itself.
    @Benchmark
    public boolean registerAccess() {
        Blackhole.consumeCPU(tokens);
        if (strand.tryEnter()) {
            strand.exit();
            return true;
        }
        return false;
    }
}
