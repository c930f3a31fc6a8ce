package io.sluice.vfio;

import io.sluice.vmm.testkit.LayersContract;

final class LayersTest extends LayersContract {
    LayersTest() {
        super(30);
    }
}
