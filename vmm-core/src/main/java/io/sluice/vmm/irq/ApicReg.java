package io.sluice.vmm.irq;

import static io.sluice.vmm.regs.RegisterSpec.at;

import io.sluice.vmm.regs.Register;
import io.sluice.vmm.regs.RegisterSpec;
import io.sluice.vmm.regs.RegisterTable;

/// The local APIC's page (SDM 3A table 10-1). In x2APIC mode the same registers are MSRs 0x800 + offset / 16.
enum ApicReg implements Register {
    ID(at(0x020).bytes(4)),
    /// Version 0x14, six LVT entries, EOI broadcast can be suppressed.
    VERSION(at(0x030).bytes(4).reset(0x0105_0014)),
    TPR(at(0x080).bytes(4).writable(0xFF)),
    APR(at(0x090).bytes(4)),
    PPR(at(0x0A0).bytes(4)),
    EOI(at(0x0B0).bytes(4)),
    REMOTE_READ(at(0x0C0).bytes(4)),
    LDR(at(0x0D0).bytes(4).writable(0xFF00_0000L)),
    DFR(at(0x0E0).bytes(4).reset(0xFFFF_FFFFL).writable(0xF000_0000L)),
    /// Bit 8 enables, bit 9 is focus checking (stored only), bit 12 suppresses EOI broadcasts.
    SVR(at(0x0F0).bytes(4).reset(0xFF).writable(0x13FF)),
    ISR0(at(0x100).bytes(4)),
    ISR1(at(0x110).bytes(4)),
    ISR2(at(0x120).bytes(4)),
    ISR3(at(0x130).bytes(4)),
    ISR4(at(0x140).bytes(4)),
    ISR5(at(0x150).bytes(4)),
    ISR6(at(0x160).bytes(4)),
    ISR7(at(0x170).bytes(4)),
    TMR0(at(0x180).bytes(4)),
    TMR1(at(0x190).bytes(4)),
    TMR2(at(0x1A0).bytes(4)),
    TMR3(at(0x1B0).bytes(4)),
    TMR4(at(0x1C0).bytes(4)),
    TMR5(at(0x1D0).bytes(4)),
    TMR6(at(0x1E0).bytes(4)),
    TMR7(at(0x1F0).bytes(4)),
    IRR0(at(0x200).bytes(4)),
    IRR1(at(0x210).bytes(4)),
    IRR2(at(0x220).bytes(4)),
    IRR3(at(0x230).bytes(4)),
    IRR4(at(0x240).bytes(4)),
    IRR5(at(0x250).bytes(4)),
    IRR6(at(0x260).bytes(4)),
    IRR7(at(0x270).bytes(4)),
    ESR(at(0x280).bytes(4)),
    /// Delivery status (bit 12) is always idle: messages leave at once.
    ICR(at(0x300).bytes(4).writable(0xC_CFFF)),
    ICR_HIGH(at(0x310).bytes(4).writable(0xFF00_0000L)),
    LVT_TIMER(at(0x320).bytes(4).reset(0x1_0000).writable(0x7_00FF)),
    LVT_THERMAL(at(0x330).bytes(4).reset(0x1_0000).writable(0x1_07FF)),
    LVT_PERFORMANCE(at(0x340).bytes(4).reset(0x1_0000).writable(0x1_07FF)),
    LVT_LINT0(at(0x350).bytes(4).reset(0x1_0000).writable(0x1_A7FF)),
    LVT_LINT1(at(0x360).bytes(4).reset(0x1_0000).writable(0x1_A7FF)),
    LVT_ERROR(at(0x370).bytes(4).reset(0x1_0000).writable(0x1_00FF)),
    INITIAL_COUNT(at(0x380).bytes(4).writable(0xFFFF_FFFFL)),
    CURRENT_COUNT(at(0x390).bytes(4)),
    DIVIDE(at(0x3E0).bytes(4).writable(0xB)),
    /// x2APIC mode only.
    SELF_IPI(at(0x3F0).bytes(4).writable(0xFF));

    static final RegisterTable<ApicReg> TABLE = new RegisterTable<>(values());

    private final RegisterSpec spec;

    ApicReg(RegisterSpec spec) {
        this.spec = spec;
    }

    @Override
    public RegisterSpec spec() {
        return spec;
    }

    /// The LVT entries are the registers from the timer's to the error's.
    boolean isLvt() {
        return compareTo(LVT_TIMER) >= 0 && compareTo(LVT_ERROR) <= 0;
    }
}
