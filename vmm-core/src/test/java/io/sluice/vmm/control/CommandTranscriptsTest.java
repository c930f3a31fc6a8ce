package io.sluice.vmm.control;

import io.sluice.vmm.testkit.QmpCommandsContract;
import java.util.List;
import org.junit.jupiter.api.Timeout;

/// The commands of the machine itself and of the protocol.
@Timeout(120)
class CommandTranscriptsTest extends QmpCommandsContract {
    @Override
    protected String transcripts() {
        return "vmm-core/src/test/resources/qmp/commands";
    }

    @Override
    protected List<String> devices() {
        return List.of(
                "pcie-root-port,id=rp1,chassis=1",
                "pcie-root-port,id=rp2,chassis=2",
                "pcie-root-port,id=rp3,chassis=3,hotplug=off",
                "edu,id=cold");
    }

    @Override
    protected boolean isOurs(String name) {
        return true;
    }
}
