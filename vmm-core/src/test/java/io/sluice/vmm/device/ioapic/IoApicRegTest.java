package io.sluice.vmm.device.ioapic;

import io.sluice.vmm.regs.RegisterTable;
import io.sluice.vmm.testkit.Golden;
import java.util.List;
import org.junit.jupiter.api.Test;

final class IoApicRegTest {
    @Test
    void theTableIsTheDataSheets() {
        Golden.check(
                "vmm-core/src/test/resources/regs/ioapic.regs.txt", RegisterTable.text(List.of(IoApicReg.values())));
    }
}
