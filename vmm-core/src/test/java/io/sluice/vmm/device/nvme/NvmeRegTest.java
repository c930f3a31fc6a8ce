package io.sluice.vmm.device.nvme;

import io.sluice.vmm.regs.RegisterTable;
import io.sluice.vmm.testkit.Golden;
import java.util.List;
import org.junit.jupiter.api.Test;

final class NvmeRegTest {
    @Test
    void theTableIsTheSpecifications() {
        Golden.check("vmm-core/src/test/resources/regs/nvme.regs.txt", RegisterTable.text(List.of(NvmeReg.values())));
    }
}
