package io.sluice.vmm.app;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/// Two bytes through a ring that holds one of them at a time more than there is room for.
@JCStressTest
@Outcome(
        id = {"-1, -1, 1", "-1, 1, 2", "1, 2, -1", "1, -1, 2", "1, -1, -1", "-1, 1, -1"},
        expect = Expect.ACCEPTABLE)
@Outcome(expect = Expect.FORBIDDEN, desc = "a byte is lost, torn or out of order")
@State
public class ByteRingStress {
    private final ByteRing ring = new ByteRing(1);

    @Actor
    public void producer() {
        ring.offer((byte) 1);
        ring.offer((byte) 2);
    }

    @Actor
    public void consumer(III_Result result) {
        result.r1 = ring.poll();
        result.r2 = ring.poll();
    }

    @Arbiter
    public void later(III_Result result) {
        result.r3 = ring.poll();
    }
}
