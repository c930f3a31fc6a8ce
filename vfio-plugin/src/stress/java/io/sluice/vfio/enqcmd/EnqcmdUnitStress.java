package io.sluice.vfio.enqcmd;

import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.process.Kernel;
import io.sluice.vmm.trace.Trace;
import java.util.Set;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/// ENQCMD while its PASID is taken from the machine: when that has returned, no command goes out any more.
@JCStressTest
@Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "taken away before")
@Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "sent before")
@Outcome(id = "0, 1", expect = Expect.FORBIDDEN, desc = "sent after the removal had returned")
@State
public class EnqcmdUnitStress {
    private static final int GUEST = 5;
    private static final VmPasids PASIDS =
            new VmPasids(new Kernel(new Steps(), Trace.none()).start("vmm", 1000, Set.of(), 0));

    private final PasidDirectory directory = new PasidDirectory();
    private final EnqcmdUnit unit = new EnqcmdUnit(PASIDS, directory);
    private int accepted;

    public EnqcmdUnitStress() {
        directory.reserve(GUEST);
        directory.set(GUEST, 7);
    }

    @Actor
    public void vcpu() {
        if (unit.begin(GUEST) == 7) {
            accepted = 1;
        }
        unit.end();
    }

    @Actor
    public void host(II_Result result) {
        directory.clear(GUEST);
        unit.awaitQuiet();
        result.r1 = accepted;
    }

    @Arbiter
    public void later(II_Result result) {
        result.r2 = accepted;
    }
}
