package io.sluice.vfio.host.iommu;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/// A piece of DMA while what it goes by is taken away: once the wait has returned, not a byte moves.
@JCStressTest
@Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "taken away before")
@Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "moved before")
@Outcome(id = "0, 1", expect = Expect.FORBIDDEN, desc = "moved after the removal had returned")
@State
public class EpochStress {
    private final Epoch epoch = new Epoch();
    private volatile boolean allowed = true;
    private int memory;

    @Actor
    public void device() {
        epoch.begin();
        if (allowed) {
            memory = 1;
        }
        epoch.end();
    }

    @Actor
    public void host(II_Result result) {
        allowed = false;
        epoch.awaitQuiet();
        result.r1 = memory;
    }

    @Arbiter
    public void later(II_Result result) {
        result.r2 = memory;
    }
}
