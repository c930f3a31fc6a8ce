package io.sluice.vmm.device.uart;

import io.sluice.vmm.regs.RegisterTable;
import io.sluice.vmm.testkit.Golden;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

final class UartRegTest {
    @Test
    void theTableIsTheDataSheets() throws IOException {
        Golden.check("uart.regs.txt", RegisterTable.text(List.of(UartReg.values())));
    }
}
