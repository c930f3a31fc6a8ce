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

/// Guest instructions a microsecond in loops of eight: that is millions a second.
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class InterpreterBenchmark {
    private static final int TURNS = 100_000;
    private static final int INSTRUCTIONS = 8 * TURNS;

    private BareGuest registers;
    private BareGuest memory;
    private BareGuest calls;

    @Setup
    public void build() {
        // add rax,rcx; xor rdx,rax; shl rax,1; sub rdx,5; or rax,1; mov rdi,rdx
        registers = new BareGuest("4801C8 4831C2 48D1E0 4883EA05 4883C801 4889D7");
        // mov rax,[rsi]; add rax,[rsi+64]; mov [rsi+128],rax; add [rsi+192],rax; mov edi,[rsi+4]; lea rdx,[rsi+rdi+8]
        memory = new BareGuest("488B06 48034640 48898680000000 480186C0000000 8B7E04 488D543E08");
        // call leaf (behind the jump); jmp on; leaf: add rax,3; xor rax,rcx; ret; on: mov rdx,rax
        calls = new BareGuest("E802000000 EB08 4883C003 4831C8C3 4889C2");
    }

    @TearDown
    public void close() {
        registers.close();
        memory.close();
        calls.close();
    }

    @Benchmark
    @OperationsPerInvocation(INSTRUCTIONS)
    public void registerLoop() {
        registers.run(TURNS);
    }

    @Benchmark
    @OperationsPerInvocation(INSTRUCTIONS)
    public void memoryLoop() {
        memory.run(TURNS);
    }

    @Benchmark
    @OperationsPerInvocation(INSTRUCTIONS)
    public void callLoop() {
        calls.run(TURNS);
    }
}
