package io.sluice.samples.mbochs;

import io.sluice.vmm.regs.Register;
import io.sluice.vmm.regs.RegisterSpec;

/// The display interface's registers of 16 bits, by their names in the Bochs sources. All can be written, the id too.
enum DispiReg implements Register {
    ID(0xB0C5),
    XRES(0),
    YRES(0),
    BPP(0),
    ENABLE(0),
    BANK(0),
    VIRT_WIDTH(0),
    VIRT_HEIGHT(0),
    X_OFFSET(0),
    Y_OFFSET(0),
    /// Video memory in pieces of 64 KiB; after reset what there is.
    VIDEO_MEMORY_64K(0);

    static final int FIRST = 0x500;
    static final int LENGTH = 2 * values().length;

    private final RegisterSpec spec;

    DispiReg(int reset) {
        spec = RegisterSpec.at(0x500 + 2 * ordinal()).bytes(2).reset(reset).writable(0xFFFF);
    }

    @Override
    public RegisterSpec spec() {
        return spec;
    }
}
