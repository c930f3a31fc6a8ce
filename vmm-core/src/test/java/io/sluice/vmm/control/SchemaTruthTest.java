package io.sluice.vmm.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.testkit.MachineStage;
import io.sluice.vmm.testkit.QmpTruthContract;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What `query-qmp-schema` promises is what the commands take and give.
@Timeout(120)
class SchemaTruthTest extends QmpTruthContract {
    @TempDir
    private Path directory;

    @Override
    protected MachineStage stage() {
        return new MachineStage(directory, "pcie-root-port,id=rp1,chassis=1", "edu,id=cold", "pci-testdev,membar=4096");
    }

    @Test
    void theContractHasCommandsToLookAt() {
        try (var stage = stage()) {
            stage.enter("prelaunch");

            assertThat(stage.schema().names("command")).hasSizeGreaterThan(50);
            assertThat(stage.schema().names("event")).hasSizeGreaterThan(8);
        }
    }
}
