package io.sluice.vfio.mdev;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.testkit.FailureSweep;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class MdevFailNthConformanceTest {
    private final MdevRig rig = new MdevRig();
    private final MdevRig.Vm vm = rig.new Vm();

    @AfterEach
    void close() {
        vm.close();
        rig.close();
    }

    @Test
    void aDriversRefusalOrTheHostsLeavesNoInstance() {
        var uuid = UUID.randomUUID().toString();

        var failed = FailureSweep.sweep(
                rig.steps,
                () -> List.of(rig.bus.instances(), rig.host.nodes(), rig.bus.types(), rig.kernel.nodes()),
                () -> rig.bus.create("dma-pinned", uuid, rig.loop::strand));

        assertThat(failed).contains("mdev.create.instance", "vfio.register.node");
        assertThat(rig.driver.made.getFirst().told).containsExactly("closed");
    }

    @Test
    void aPinThatFailsPinsNothing() {
        vm.openAttached(rig.create("pinned"));
        vm.map(0x100000, 0, MdevRig.PAGE);
        var dma = rig.last().dma();

        var failed = FailureSweep.sweep(
                rig.steps, () -> rig.kernel.frames().pinned(), () -> dma.pin(0x100000, MdevRig.PAGE, true));

        assertThat(failed).isNotEmpty();
    }
}
