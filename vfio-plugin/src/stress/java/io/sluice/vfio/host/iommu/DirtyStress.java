package io.sluice.vfio.host.iommu;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/// A device writes by its cache while somebody takes the dirty pages and copies the memory then: what the copy misses
/// is dirty the next time.
@JCStressTest
@Outcome(
        id = {"1, 0", "1, 1", "0, 1"},
        expect = Expect.ACCEPTABLE,
        desc = "copied, or told of the next time")
@Outcome(id = "0, 0", expect = Expect.FORBIDDEN, desc = "a write is missed")
@State
public class DirtyStress {
    private final StressHost host = new StressHost();

    public DirtyStress() {
        host.domain.trackDirty(true);
        host.device.write(0, 1, new byte[1], 0, 1);
    }

    @Actor
    public void device() {
        host.write();
    }

    @Actor
    public void host(II_Result result) {
        host.takeDirty();
        result.r1 = host.memory();
    }

    @Arbiter
    public void later(II_Result result) {
        result.r2 = host.takeDirty();
    }
}
