package io.sluice.vmm.device.rtc;

import io.sluice.vmm.regs.RegisterTable;
import io.sluice.vmm.testkit.Golden;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RtcRegTest {
    @Test
    void theTableIsTheDataSheets() throws IOException {
        Golden.check("rtc.regs.txt", RegisterTable.text(List.of(RtcReg.values())));
    }
}
