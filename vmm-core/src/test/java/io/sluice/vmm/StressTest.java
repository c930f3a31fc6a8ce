package io.sluice.vmm;

import io.sluice.vmm.testkit.StressRun;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is lock-free here, under jcstress.
class StressTest {
    @Test
    void nothingForbiddenIsSeen(@TempDir Path scratch) throws Exception {
        StressRun.assertHold(scratch, "io.sluice.vmm", 5);
    }
}
