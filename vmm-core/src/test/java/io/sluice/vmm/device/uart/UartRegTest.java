package io.sluice.vmm.device.uart;

import io.sluice.vmm.regs.RegisterTable;
import io.sluice.vmm.testkit.Golden;
import java.util.List;
import org.junit.jupiter.api.Test;

final class UartRegTest {
    @Test
    void theTableIsTheDataSheets() {
        Golden.check("vmm-core/src/test/resources/regs/uart.regs.txt", RegisterTable.text(List.of(UartReg.values())));
    }
}
