package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vmm.memory.GuestRam;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/// A software device writes by its pin while that dies: once it is dead, not a byte moves.
@JCStressTest
@Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "dead before")
@Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "written before")
@Outcome(id = "0, 1", expect = Expect.FORBIDDEN, desc = "written by a dead pin")
@State
public class PinnedRangeStress {
    private static final int PAGE = 4096;
    private static final int PAGES = 1 << 14;
    private static final byte[] ONE = {1};
    private static final GuestRam RAM = GuestRam.allocate((long) PAGES * PAGE);
    private static final HostFrames FRAMES = new HostFrames();
    private static final HostFrames.Run ALL = FRAMES.add(RAM);
    private static final AtomicInteger NEXT = new AtomicInteger();

    private final long at = (NEXT.getAndIncrement() & PAGES - 1) * (long) PAGE;
    private final PinnedRange range;

    public PinnedRangeStress() {
        var runs = new PinnedRange.Collector();
        runs.run(ALL.first() + at, PAGE);
        range = new PinnedRange(FRAMES, 0, PAGE, true, true, runs);
        RAM.write(at, new byte[1]);
    }

    private int memory() {
        var octet = new byte[1];
        RAM.read(at, octet, 0, 1);
        return octet[0];
    }

    @Actor
    public void device() {
        range.write(0, ONE, 0, 1);
    }

    @Actor
    public void host(II_Result result) {
        range.kill();
        result.r1 = memory();
    }

    @Arbiter
    public void later(II_Result result) {
        result.r2 = memory();
    }
}
