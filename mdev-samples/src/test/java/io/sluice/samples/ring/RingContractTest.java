package io.sluice.samples.ring;

import io.sluice.vfio.mdev.MdevDriver;
import io.sluice.vfio.testkit.MdevContract;

class RingContractTest extends MdevContract {
    @Override
    protected MdevDriver driver() {
        return new RingDriver(context -> new GrantedPages(16));
    }
}
