package io.sluice.samples.mtty;

import io.sluice.vfio.mdev.MdevDriver;
import io.sluice.vfio.testkit.MdevContract;

class MttyContractTest extends MdevContract {
    @Override
    protected MdevDriver driver() {
        return new MttyDriver();
    }
}
