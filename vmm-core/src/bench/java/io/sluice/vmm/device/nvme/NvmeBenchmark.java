package io.sluice.vmm.device.nvme;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// What the controller alone makes of a file that is in the page cache: commands in batches of one doorbell each.
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class NvmeBenchmark {
    private static final int ENTRIES = 128;
    private static final int BATCH = 32;
    private static final long LIST = 0x1_0000;
    private static final long DATA = 0x8_0000;

    /// Bytes of a command: 4 KiB at scattered places, or 128 KiB one after the other, by a list of pages that do not
    /// follow one another.
    @Param({"4096", "131072"})
    int bytes = 4096;

    private NvmeDriver driver;
    private int tail;

    @Setup
    public void start() {
        driver = new NvmeDriver().enable();
        driver.createQueue(1, 0x2_0000, 0x3_0000, ENTRIES);
        int pages = bytes / 4096;
        for (int page = 1; page < pages; page++) {
            driver.board.memory.write(LIST + 8L * (page - 1), 8, DATA + (page * 7L % 32) * 0x2000);
        }
        int blocks = bytes / 512;
        for (int i = 0; i < ENTRIES; i++) {
            long block = (i * 2_654_435_761L & 0x7FFF_FFFF) % (NvmeDriver.DISK_BYTES / bytes) * blocks;
            driver.put(1, driver.read(block, blocks).data(DATA, LIST));
        }
    }

    @TearDown
    public void end() {
        driver.close();
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public int read() {
        tail = (tail + BATCH) % ENTRIES;
        driver.nvme.write(0x1008, 4, tail);
        driver.board.loop.run();
        driver.nvme.write(0x100C, 4, tail);
        return tail;
    }
}
