package io.sluice.vmm.device.hpet;

import static io.sluice.vmm.regs.RegisterSpec.at;

import io.sluice.vmm.regs.Register;
import io.sluice.vmm.regs.RegisterSpec;
import io.sluice.vmm.regs.RegisterTable;

/// The registers of IA-PC HPET 1.0a, section 2.3; of the three timers the first's, each next one 0x20 further.
enum HpetReg implements Register {
    /// Period 10,000,000 fs, Intel, legacy replacement, 64 bits, three timers, revision 1.
    GCAP_ID(at(0x000).bytes(8).reset(0x0098_9680_8086_A201L)),
    /// Enable (0), legacy replacement (1).
    GEN_CONF(at(0x010).bytes(8).writable(0x3)),
    GINTR_STA(at(0x020).bytes(8).clearedByOne(0x7)),
    MAIN_CNT(at(0x0F0).bytes(8).writable(-1)),
    TIMER_CONF(at(0x100).bytes(8).reset(0x8030).writable(0x7F4E)),
    TIMER_COMP(at(0x108).bytes(8).reset(-1).writable(-1)),
    TIMER_FSB(at(0x110).bytes(8).writable(-1));

    static final int FIRST_TIMER = 0x100;
    static final int TIMER_STRIDE = 0x20;
    static final RegisterTable<HpetReg> TABLE = new RegisterTable<>(values());

    private final RegisterSpec spec;

    HpetReg(RegisterSpec spec) {
        this.spec = spec;
    }

    @Override
    public RegisterSpec spec() {
        return spec;
    }
}
