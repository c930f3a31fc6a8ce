package io.sluice.guest;

import io.sluice.vmm.testkit.LayersContract;

final class LayersTest extends LayersContract {
    LayersTest() {
        super(25);
    }
}
