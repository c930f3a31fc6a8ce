package io.sluice.samples;

import io.sluice.vmm.testkit.LayersContract;

final class LayersTest extends LayersContract {
    LayersTest() {
        super(6);
    }
}
