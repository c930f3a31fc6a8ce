package io.sluice.vmm.device.acpipm;

import io.sluice.vmm.regs.RegisterTable;
import io.sluice.vmm.testkit.Golden;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

final class AcpiPmRegTest {
    @Test
    void theTableIsTheDataSheets() throws IOException {
        Golden.check("acpipm.regs.txt", RegisterTable.text(List.of(AcpiPmReg.values())));
    }
}
