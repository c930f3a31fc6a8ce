package io.sluice.samples.qmp;

import io.sluice.vmm.testkit.MachineStage;
import io.sluice.vmm.testkit.QmpTruthContract;
import java.nio.file.Path;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The schema of a machine with all plugins.
@Timeout(120)
class MdevSchemaTruthTest extends QmpTruthContract {
    @TempDir
    private Path directory;

    @Override
    protected MachineStage stage() {
        return new MachineStage(directory, "pcie-root-port,id=rp1,chassis=1");
    }
}
