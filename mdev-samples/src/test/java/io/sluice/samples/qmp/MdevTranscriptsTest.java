package io.sluice.samples.qmp;

import io.sluice.vmm.testkit.QmpCommandsContract;
import java.util.List;
import org.junit.jupiter.api.Timeout;

/// The commands of the vfio plugin, and what others do with mediated devices.
@Timeout(120)
class MdevTranscriptsTest extends QmpCommandsContract {
    @Override
    protected String transcripts() {
        return "mdev-samples/src/test/resources/qmp/commands";
    }

    @Override
    protected List<String> devices() {
        return List.of("pcie-root-port,id=rp1,chassis=1", "pcie-root-port,id=rp2,chassis=2");
    }

    @Override
    protected boolean isOurs(String name) {
        return name.matches("x-sluice-.*mdev.*|X_SLUICE_MDEV_.*");
    }
}
