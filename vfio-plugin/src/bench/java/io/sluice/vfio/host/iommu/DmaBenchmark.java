package io.sluice.vfio.host.iommu;

import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.memory.HostMemory;
import io.sluice.vmm.pci.DmaRuns;
import java.util.List;
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

/// What the IOMMU costs: a translation that is cached, a DMA of 64 KiB beside a plain copy of the same memory, a page
/// mapped and unmapped, an invalidation that 64 idle devices have to hear of.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class DmaBenchmark {
    private static final int LENGTH = 64 << 10;
    private static final int PAGE = 4096;
    private static final int DEVICES = 64;
    private static final long GIB = 1L << 30;
    private static final int PASID = 5;
    private static final long SCATTERED = 1 << 20;

    private GuestRam ram;
    private HostFrames frames;
    private HostFrames.Run all;
    private IommuUnit unit;
    private PagingDomain domain;
    private PagingDomain crowded;
    private DmaContext device;
    private final byte[] buffer = new byte[LENGTH + PAGE];
    private final DmaRuns list = new DmaRuns(16);
    private int turn;
    private int at;

    /// Where a page of the list of pages lies that follow one another for the device alone.
    private static long scattered(int page) {
        return LENGTH + (long) (2 * page + 1) * PAGE;
    }

    @Setup
    public void build() {
        ram = GuestRam.allocate(16 << 20);
        frames = new HostFrames();
        all = frames.add(ram);
        unit = new IommuUnit(UnitSettings.vtd("dmar0"), frames, new Steps());
        domain = unit.newPagingDomain(DomainOptions.PLAIN);
        domain.map(new Iova(0), all.part(0, LENGTH), true, true);
        for (int i = 0; i < LENGTH / PAGE; i++) {
            domain.map(new Iova(SCATTERED + (long) i * PAGE), all.part(scattered(i), PAGE), true, true);
        }
        device = context(1);
        device.set(0, domain);
        device.set(PASID, nested());
        list.add(new Iova(0), LENGTH);
        crowded = unit.newPagingDomain(DomainOptions.PLAIN);
        for (int i = 0; i < DEVICES; i++) {
            context(2 + i).set(0, crowded);
        }
    }

    /// A guest that sees its memory, all of it, where it is: one page of 1 GiB.
    private NestedDomain nested() {
        long tables = 8 << 20;
        long rights = 7;
        var parent = unit.newPagingDomain(new DomainOptions(false, true, false));
        parent.map(new Iova(0), all, true, true);
        HostMemory.putLong(ram.base() + tables, tables + PAGE | rights);
        HostMemory.putLong(ram.base() + tables + PAGE, 1 << 7 | rights);
        return unit.newNestedDomain(parent, new StageOne(tables, 48, 0));
    }

    private DmaContext context(int number) {
        return unit.add(new Bdf(number << 3), List.of(), new IommuGroup(number), DeviceTraits.PLAIN)
                .dma();
    }

    @TearDown
    public void close() {
        ram.close();
    }

    @Benchmark
    public boolean cachedTranslation() {
        turn = turn + PAGE & LENGTH - 1;
        return device.reaches(0, turn, false);
    }

    /// Where the buffer starts: everywhere in a page by turns, because a copy is half as fast where both sides have the
    /// same place in their pages, and where an array lies is chance.
    private int at() {
        at = at + 272 & PAGE - 1;
        return at;
    }

    @Benchmark
    public boolean dmaRead64KiB() {
        return device.read(0, 0, buffer, at(), LENGTH);
    }

    @Benchmark
    public void plainRead64KiB() {
        HostMemory.copy(ram.base(), buffer, at(), LENGTH);
    }

    @Benchmark
    public boolean scatteredRead64KiB() {
        return device.read(0, SCATTERED, buffer, at(), LENGTH);
    }

    @Benchmark
    public void plainScatteredRead64KiB() {
        int first = at();
        for (int i = 0; i < LENGTH / PAGE; i++) {
            HostMemory.copy(ram.base() + scattered(i), buffer, first + i * PAGE, PAGE);
        }
    }

    @Benchmark
    public boolean scatteredWrite64KiB() {
        return device.write(0, SCATTERED, buffer, at(), LENGTH);
    }

    @Benchmark
    public void plainScatteredWrite64KiB() {
        int first = at();
        for (int i = 0; i < LENGTH / PAGE; i++) {
            HostMemory.copy(buffer, first + i * PAGE, ram.base() + scattered(i), PAGE);
        }
    }

    @Benchmark
    public boolean dmaWrite64KiB() {
        return device.write(0, 0, buffer, at(), LENGTH);
    }

    /// Through both stages, from the cache.
    @Benchmark
    public boolean nestedRead64KiB() {
        return device.read(PASID, 0, buffer, at(), LENGTH);
    }

    /// A list that names all of it, which its user only looks at.
    @Benchmark
    public boolean list64KiB() {
        return device.access(0, list, true, () -> {});
    }

    @Benchmark
    public void plainWrite64KiB() {
        HostMemory.copy(buffer, at(), ram.base(), LENGTH);
    }

    @Benchmark
    public void mapAndUnmapAPage() {
        turn = turn + PAGE & (1 << 24) - 1;
        domain.map(new Iova(GIB + turn), all.part(0, PAGE), true, true);
        domain.unmap(new Iova(GIB + turn), PAGE);
    }

    @Benchmark
    public void invalidationFor64IdleDevices() {
        crowded.map(new Iova(0), all.part(0, PAGE), true, true);
        crowded.unmap(new Iova(0), PAGE);
    }

    @Benchmark
    @OutputTimeUnit(TimeUnit.MICROSECONDS)
    public PagingDomain aTebibyteOfTheLargestPages() {
        var large = unit.newPagingDomain(DomainOptions.PLAIN);
        large.map(new Iova(0), new HostFrames.Run(0, 1L << 40), true, true);
        return large;
    }

    /// The same, as mappings of a GiB each.
    @Benchmark
    @OutputTimeUnit(TimeUnit.MICROSECONDS)
    public PagingDomain aTebibyteGibibyteByGibibyte() {
        var large = unit.newPagingDomain(DomainOptions.PLAIN);
        for (long at = 0; at < 1L << 40; at += GIB) {
            large.map(new Iova(at), new HostFrames.Run(at, GIB), true, true);
        }
        return large;
    }
}
