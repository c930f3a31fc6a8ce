package io.sluice.vfio.host.iommu;

import io.sluice.vmm.address.Iova;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/// A device writes twice, of which the second goes by its cache, while the page is unmapped; and once more afterwards.
@JCStressTest
@Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "taken away before")
@Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "written before")
@Outcome(id = "0, 1", expect = Expect.FORBIDDEN, desc = "written after the removal had returned")
@State
public class UnmapStress {
    private final StressHost host = new StressHost();

    @Actor
    public void device() {
        host.write();
        host.write();
    }

    @Actor
    public void host(II_Result result) {
        host.domain.unmap(new Iova(0), StressHost.PAGE);
        result.r1 = host.memory();
    }

    @Arbiter
    public void later(II_Result result) {
        host.write();
        result.r2 = host.memory();
    }
}
