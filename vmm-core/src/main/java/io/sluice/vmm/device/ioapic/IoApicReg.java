package io.sluice.vmm.device.ioapic;

import static io.sluice.vmm.regs.RegisterSpec.at;

import io.sluice.vmm.regs.Register;
import io.sluice.vmm.regs.RegisterSpec;
import io.sluice.vmm.regs.RegisterTable;

/// The memory-mapped registers (82093AA 3.1; EOI as in later I/O APICs of version 0x20).
enum IoApicReg implements Register {
    IOREGSEL(at(0x00).bytes(4).writable(0xFF)),
    IOWIN(at(0x10).bytes(4).writable(0xFFFF_FFFFL)),
    EOI(at(0x40).bytes(4).writable(0xFF));

    static final RegisterTable<IoApicReg> TABLE = new RegisterTable<>(values());

    /// The registers behind the window, by index (82093AA 3.2).
    enum Indirect implements Register {
        ID(at(0x00).writable(0x0F00_0000L)),
        /// Version 0x20; bits 23..16 are the last pin.
        VERSION(at(0x01).reset(0x0017_0020)),
        ARBITRATION(at(0x02)),
        /// 24 entries of two words; the word's lower half has delivery status (12) and remote IRR (14) read-only.
        REDIRECTION(at(0x10).bytes(8).reset(0x1_0000).writable(0xFF00_0000_0001_AFFFL));

        private final RegisterSpec spec;

        Indirect(RegisterSpec spec) {
            this.spec = spec;
        }

        @Override
        public RegisterSpec spec() {
            return spec;
        }
    }

    private final RegisterSpec spec;

    IoApicReg(RegisterSpec spec) {
        this.spec = spec;
    }

    @Override
    public RegisterSpec spec() {
        return spec;
    }
}
