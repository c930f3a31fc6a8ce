package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.iommu.DeviceTraits;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vfio.host.iommu.IommuUnit;
import io.sluice.vfio.host.iommu.UnitSettings;
import io.sluice.vfio.host.memory.MemFile;
import io.sluice.vfio.host.process.Kernel;
import io.sluice.vfio.host.process.MemFileHandle;
import io.sluice.vfio.host.process.Process;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.trace.Trace;
import java.util.List;
import java.util.Set;
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

/// What requests cost, made as a process makes them, with a device attached: a page of a file mapped and unmapped, in
/// an
/// IOAS with nothing else and beside 100,000 other areas; 1 TiB mapped by 1 GiB pages.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class IoasBenchmark {
    private static final long PAGE = 4096;
    private static final long GIB = 1L << 30;
    private static final int PIECES = 1024;
    private static final int OTHERS = 100_000;
    private static final int FLAGS = IoasMap.READABLE | IoasMap.WRITEABLE | IoasMap.FIXED_IOVA;

    private final Kernel kernel = new Kernel(new Steps(), Trace.none());
    private Process process;
    private int fd;
    private int memfd;
    private int sparse;
    private int ioas;
    private int crowded;
    private int wide;
    private int turn;

    @Setup
    public void build() {
        new IommuNode(kernel);
        process = kernel.start("benchmark", 0, Set.of(), Long.MAX_VALUE);
        fd = process.open("/dev/iommu");
        memfd = memfd(1 << 20);
        sparse = memfd(GIB);
        var unit = new IommuUnit(UnitSettings.vtd("dmar0"), kernel.frames(), kernel.steps());
        ioas = process.ioctl(fd, new IoasAlloc(0));
        crowded = process.ioctl(fd, new IoasAlloc(0));
        wide = process.ioctl(fd, new IoasAlloc(0));
        attach(unit, 1, ioas);
        attach(unit, 2, crowded);
        attach(unit, 3, wide);
        for (int i = 0; i < OTHERS; i++) {
            process.ioctl(fd, new IoasMapFile(FLAGS, crowded, memfd, i % 256 * PAGE, PAGE, (1L << 40) + 2L * i * PAGE));
        }
    }

    private void attach(IommuUnit unit, int number, int target) {
        var device = unit.add(new Bdf(number << 3), List.of(), new IommuGroup(number), DeviceTraits.PLAIN);
        IommufdDevice.bind((Iommufd) process.file(fd), device).attach(0, target);
    }

    private int memfd(long bytes) {
        var file = MemFile.create(kernel.frames(), bytes);
        int number = process.install(new MemFileHandle(file));
        file.release();
        return number;
    }

    @TearDown
    public void close() {
        process.exit();
    }

    private long mapAndUnmap(int where, long iova) {
        process.ioctl(fd, new IoasMapFile(FLAGS, where, memfd, (turn & 255) * PAGE, PAGE, iova));
        return process.ioctl(fd, new IoasUnmap(where, iova, PAGE));
    }

    @Benchmark
    public long mapAndUnmapAPage() {
        turn++;
        return mapAndUnmap(ioas, (1L << 32) + (turn & 1023) * PAGE);
    }

    @Benchmark
    public long mapAndUnmapAPageBeside100000Others() {
        turn += 7919;
        return mapAndUnmap(crowded, (1L << 40) + (2L * Integer.remainderUnsigned(turn, OTHERS) + 1) * PAGE);
    }

    @Benchmark
    public long mapAndUnmapAPageWhereThereIsRoom() {
        turn++;
        long iova = process.ioctl(
                fd, new IoasMapFile(FLAGS & ~IoasMap.FIXED_IOVA, crowded, memfd, (turn & 255) * PAGE, PAGE, 0));
        return process.ioctl(fd, new IoasUnmap(crowded, iova, PAGE));
    }

    /// A file of 1 GiB, 1024 times: 1 TiB of addresses.
    @Benchmark
    @OutputTimeUnit(TimeUnit.MICROSECONDS)
    public long mapATebibyteByLargePages() {
        for (long i = 0; i < PIECES; i++) {
            process.ioctl(fd, new IoasMapFile(FLAGS, wide, sparse, 0, GIB, (4 + i) * GIB));
        }
        return process.ioctl(fd, IoasUnmap.all(wide));
    }
}
