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

/// As [TrapBenchmark], while somebody looks at the meters: each trap is counted and some are timed. A class of its own,
/// as the other one measures a process in which no metered route was ever made.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class MeteredTrapBenchmark {
    private static final int TURNS = 100_000;

    private BareGuest read;
    private BareGuest write;

    @Setup
    public void build() {
        // mov eax,[rbx]
        read = new BareGuest("8B03");
        read.meter();
        // mov [rbx],eax
        write = new BareGuest("8903");
        write.meter();
    }

    @TearDown
    public void close() {
        read.close();
        write.close();
    }

    @Benchmark
    @OperationsPerInvocation(TURNS)
    public void registerRead() {
        read.run(TURNS);
    }

    @Benchmark
    @OperationsPerInvocation(TURNS)
    public void postedWrite() {
        write.run(TURNS);
    }
}
