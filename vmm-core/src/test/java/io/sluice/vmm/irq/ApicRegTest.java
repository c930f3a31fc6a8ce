package io.sluice.vmm.irq;

import io.sluice.vmm.regs.RegisterTable;
import io.sluice.vmm.testkit.Golden;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ApicRegTest {
    @Test
    void theTableIsTheDataSheets() throws IOException {
        Golden.check("apic.regs.txt", RegisterTable.text(List.of(ApicReg.values())));
    }
}
