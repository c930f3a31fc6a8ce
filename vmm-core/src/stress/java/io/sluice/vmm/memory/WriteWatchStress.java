package io.sluice.vmm.memory;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/// A device writes into a page while a vCPU decodes it: either the vCPU decodes what was written, or it hears of it.
@JCStressTest
@Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "decoded what was written")
@Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "decoded what was written, and heard of it")
@Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "decoded what had been there, and heard of it")
@Outcome(id = "0, 0", expect = Expect.FORBIDDEN, desc = "goes on running what is no longer there")
@State
public class WriteWatchStress {
    private final WriteWatch watch = new WriteWatch(1);
    private int memory;
    private int heard;

    public WriteWatchStress() {
        watch.listen((page, first, last) -> heard = 1);
    }

    @Actor
    public void device(II_Result result) {
        memory = 1;
        watch.written(0, 4);
        result.r2 = heard;
    }

    @Actor
    public void vcpu(II_Result result) {
        watch.mark(0);
        result.r1 = memory;
    }
}
