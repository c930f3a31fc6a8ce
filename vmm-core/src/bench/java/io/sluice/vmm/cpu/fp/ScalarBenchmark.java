package io.sluice.vmm.cpu.fp;

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
import org.openjdk.jmh.annotations.Warmup;

/// What the short way of scalar arithmetic saves: MXCSR with PE sticky, without it, and with another rounding mode.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ScalarBenchmark {
    @Param({"0x1FA0", "0x1F80", "0x3FA0"})
    private String mxcsr = "";

    private final FpContext c = new FpContext();
    private int control;
    private long a = Double.doubleToRawLongBits(1.1);
    private long b = Double.doubleToRawLongBits(2.3);

    @Setup
    public void decode() {
        control = Integer.decode(mxcsr);
    }

    @Benchmark
    public long add() {
        c.useMxcsr(control);
        return Float64.add(c, a, b);
    }

    @Benchmark
    public long multiply() {
        c.useMxcsr(control);
        return Float64.mul(c, a, b);
    }

    @Benchmark
    public long divide() {
        c.useMxcsr(control);
        return Float64.div(c, a, b);
    }
}
