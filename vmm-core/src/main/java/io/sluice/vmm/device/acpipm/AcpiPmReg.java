package io.sluice.vmm.device.acpipm;

import static io.sluice.vmm.regs.RegisterSpec.at;

import io.sluice.vmm.regs.Register;
import io.sluice.vmm.regs.RegisterSpec;
import io.sluice.vmm.regs.RegisterTable;

/// ACPI fixed hardware registers (ACPI 6.5, 4.8.3) by their offset from the block's base.
enum AcpiPmReg implements Register {
    /// Timer (0), bus master (4), global (5), power button (8), sleep button (9), clock (10), wake (15).
    PM1_STS(at(0x00).bytes(2).clearedByOne(0x8731)),
    PM1_EN(at(0x02).bytes(2).writable(0x0721)),
    /// SCI_EN (0), BM_RLD (1), SLP_TYP (12..10); GBL_RLS (2) and SLP_EN (13) are write-only.
    PM1_CNT(at(0x04).bytes(2).writable(0x1C03)),
    PM_TMR(at(0x08).bytes(4)),
    GPE0_STS(at(0x20).bytes(4).clearedByOne(0xFFFF_FFFFL)),
    GPE0_EN(at(0x24).bytes(4).writable(0xFFFF_FFFFL));

    static final RegisterTable<AcpiPmReg> TABLE = new RegisterTable<>(values());

    private final RegisterSpec spec;

    AcpiPmReg(RegisterSpec spec) {
        this.spec = spec;
    }

    @Override
    public RegisterSpec spec() {
        return spec;
    }
}
