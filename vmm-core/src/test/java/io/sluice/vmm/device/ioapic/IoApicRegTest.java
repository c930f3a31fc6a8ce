package io.sluice.vmm.device.ioapic;

import io.sluice.vmm.regs.RegisterTable;
import io.sluice.vmm.testkit.Golden;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

final class IoApicRegTest {
    @Test
    void theTableIsTheDataSheets() throws IOException {
        Golden.check("ioapic.regs.txt", RegisterTable.text(List.of(IoApicReg.values())));
    }
}
