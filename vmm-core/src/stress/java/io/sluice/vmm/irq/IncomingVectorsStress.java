package io.sluice.vmm.irq;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/// A device writes to memory and interrupts with a vector that is requested already, while the vCPU takes that request:
/// either its handler sees what was written, or it is called once more.
@JCStressTest
@Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "the first request served both")
@Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "the first request came after, and another one is there")
@Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "the first request came before, and another one is there")
@Outcome(id = "0, 0", expect = Expect.FORBIDDEN, desc = "an interrupt is lost")
@State
public class IncomingVectorsStress {
    private static final int VECTOR = 0x51;

    private final IncomingVectors incoming = new IncomingVectors();
    private final VectorSet requested = new VectorSet();
    private final VectorSet mode = new VectorSet();
    private int memory;

    public IncomingVectorsStress() {
        incoming.add(VECTOR, false);
    }

    @Actor
    public void device() {
        memory = 1;
        incoming.add(VECTOR, false);
    }

    @Actor
    public void vcpu(II_Result result) {
        incoming.drain(requested, mode);
        result.r1 = memory;
    }

    @Arbiter
    public void later(II_Result result) {
        requested.remove(VECTOR);
        incoming.drain(requested, mode);
        result.r2 = requested.contains(VECTOR) ? 1 : 0;
    }
}
