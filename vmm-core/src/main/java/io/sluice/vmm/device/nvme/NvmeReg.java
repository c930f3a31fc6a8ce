package io.sluice.vmm.device.nvme;

import static io.sluice.vmm.regs.RegisterSpec.at;

import io.sluice.vmm.regs.Register;
import io.sluice.vmm.regs.RegisterSpec;
import io.sluice.vmm.regs.RegisterTable;
import org.jspecify.annotations.Nullable;

/// The controller's registers (NVM Express 1.4 section 3.1) below the doorbells.
enum NvmeReg implements Register {
    /// Capabilities: 2048 entries a queue, contiguous only, 7.5 s to get ready, subsystem reset, NVM command set, pages
    /// of 4 to 64 KiB.
    CAP(at(0x00).bytes(8).reset(0x0040_0030_0F01_07FFL)),
    /// Version 1.4.0.
    VS(at(0x08).bytes(4).reset(0x0001_0400)),
    /// Interrupt mask set; reads the mask.
    INTMS(at(0x0C).bytes(4).writable(0xFFFF_FFFFL)),
    /// Interrupt mask clear; reads the mask.
    INTMC(at(0x10).bytes(4).writable(0xFFFF_FFFFL)),
    /// Configuration.
    CC(at(0x14).bytes(4).writable(0x00FF_FFF1L)),
    /// Status.
    CSTS(at(0x1C).bytes(4).clearedByOne(0x10)),
    /// Subsystem reset.
    NSSR(at(0x20).bytes(4).writable(0xFFFF_FFFFL)),
    /// Admin queue attributes.
    AQA(at(0x24).bytes(4).writable(0x0FFF_0FFFL)),
    /// Admin submission queue base.
    ASQ(at(0x28).bytes(8).writable(-4096L)),
    /// Admin completion queue base.
    ACQ(at(0x30).bytes(8).writable(-4096L));

    private static final RegisterTable<NvmeReg> TABLE = new RegisterTable<>(values());

    private final RegisterSpec spec;

    NvmeReg(RegisterSpec spec) {
        this.spec = spec;
    }

    @Override
    public RegisterSpec spec() {
        return spec;
    }

    /// The register that the doubleword at `offset` belongs to; null if none does.
    static @Nullable NvmeReg holding(long offset) {
        return TABLE.at(offset);
    }
}
