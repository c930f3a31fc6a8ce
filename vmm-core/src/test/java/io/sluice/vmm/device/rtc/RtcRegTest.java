package io.sluice.vmm.device.rtc;

import io.sluice.vmm.regs.RegisterTable;
import io.sluice.vmm.testkit.Golden;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RtcRegTest {
    @Test
    void theTableIsTheDataSheets() {
        Golden.check("vmm-core/src/test/resources/regs/rtc.regs.txt", RegisterTable.text(List.of(RtcReg.values())));
    }
}
