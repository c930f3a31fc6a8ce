package io.sluice.samples.mdpy;

import io.sluice.vfio.mdev.MdevDriver;
import io.sluice.vfio.testkit.MdevContract;

class MdpyContractTest extends MdevContract {
    @Override
    protected MdevDriver driver() {
        return new MdpyDriver();
    }
}
