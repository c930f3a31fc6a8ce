package io.sluice.vmm.device.hpet;

import io.sluice.vmm.regs.RegisterTable;
import io.sluice.vmm.testkit.Golden;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

final class HpetRegTest {
    @Test
    void theTableIsTheDataSheets() throws IOException {
        Golden.check("hpet.regs.txt", RegisterTable.text(List.of(HpetReg.values())));
    }
}
