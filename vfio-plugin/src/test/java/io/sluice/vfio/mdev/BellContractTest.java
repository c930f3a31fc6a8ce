package io.sluice.vfio.mdev;

import io.sluice.vfio.testkit.BellDriver;
import io.sluice.vfio.testkit.MdevContract;

class BellContractTest extends MdevContract {
    @Override
    protected MdevDriver driver() {
        return new BellDriver();
    }
}
