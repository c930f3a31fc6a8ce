package io.sluice.vmm.cpu;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// Stores of a guest, eight a turn: to RAM, and to memory that a device shows in a BAR. Beside them [TrapBenchmark] has
/// a
/// store that a device hears of.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class VideoMemoryBenchmark {
    private static final int TURNS = 100_000;
    private static final int STORES = 8;

    private BareGuest ram;
    private BareGuest video;

    @Setup
    public void build() {
        // mov [rsi],rax and so on at each eighth byte
        ram = new BareGuest("488906 48894608 48894610 48894618 48894620 48894628 48894630 48894638");
        // mov [rdi],rax and so on
        video = new BareGuest("488907 48894708 48894710 48894718 48894720 48894728 48894730 48894738");
    }

    @TearDown
    public void close() {
        ram.close();
        video.close();
    }

    @Benchmark
    @OperationsPerInvocation(TURNS * STORES)
    public void toRam() {
        ram.run(TURNS);
    }

    @Benchmark
    @OperationsPerInvocation(TURNS * STORES)
    public void toVideoMemory() {
        video.run(TURNS);
    }
}
