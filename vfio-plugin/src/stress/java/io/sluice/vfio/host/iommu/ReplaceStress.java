package io.sluice.vfio.host.iommu;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/// A device writes while its domain is replaced by one that leads elsewhere; and once more afterwards.
@JCStressTest
@Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "taken away before")
@Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "written before")
@Outcome(id = "0, 1", expect = Expect.FORBIDDEN, desc = "written after the removal had returned")
@State
public class ReplaceStress {
    private final StressHost host = new StressHost();

    @Actor
    public void device() {
        host.write();
    }

    @Actor
    public void host(II_Result result) {
        host.device.set(0, host.other);
        result.r1 = host.memory();
    }

    @Arbiter
    public void later(II_Result result) {
        host.write();
        result.r2 = host.memory();
    }
}
