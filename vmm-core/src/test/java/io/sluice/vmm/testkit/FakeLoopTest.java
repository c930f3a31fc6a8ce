package io.sluice.vmm.testkit;

import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.loop.Strand;

final class FakeLoopTest extends StrandContract {
    private final FakeLoop loop = new FakeLoop();

    @Override
    protected Strand newStrand() {
        return loop.newStrand();
    }

    @Override
    protected MachineClock clock() {
        return loop.clock();
    }

    @Override
    protected void pass(long nanos) {
        loop.advance(nanos);
    }
}
