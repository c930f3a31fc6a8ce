package io.sluice.samples.mbochs;

import io.sluice.vfio.mdev.MdevDriver;
import io.sluice.vfio.testkit.MdevContract;

class MbochsContractTest extends MdevContract {
    @Override
    protected MdevDriver driver() {
        return new MbochsDriver();
    }
}
