package io.sluice.vmm.irq;

import io.sluice.vmm.regs.RegisterTable;
import io.sluice.vmm.testkit.Golden;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ApicRegTest {
    @Test
    void theTableIsTheDataSheets() {
        Golden.check("vmm-core/src/test/resources/regs/apic.regs.txt", RegisterTable.text(List.of(ApicReg.values())));
    }
}
