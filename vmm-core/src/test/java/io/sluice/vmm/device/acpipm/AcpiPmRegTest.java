package io.sluice.vmm.device.acpipm;

import io.sluice.vmm.regs.RegisterTable;
import io.sluice.vmm.testkit.Golden;
import java.util.List;
import org.junit.jupiter.api.Test;

final class AcpiPmRegTest {
    @Test
    void theTableIsTheDataSheets() {
        Golden.check(
                "vmm-core/src/test/resources/regs/acpipm.regs.txt", RegisterTable.text(List.of(AcpiPmReg.values())));
    }
}
