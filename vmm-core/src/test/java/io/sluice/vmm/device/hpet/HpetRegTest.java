package io.sluice.vmm.device.hpet;

import io.sluice.vmm.regs.RegisterTable;
import io.sluice.vmm.testkit.Golden;
import java.util.List;
import org.junit.jupiter.api.Test;

final class HpetRegTest {
    @Test
    void theTableIsTheDataSheets() {
        Golden.check("vmm-core/src/test/resources/regs/hpet.regs.txt", RegisterTable.text(List.of(HpetReg.values())));
    }
}
