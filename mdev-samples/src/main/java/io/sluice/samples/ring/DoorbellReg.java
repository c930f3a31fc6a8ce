package io.sluice.samples.ring;

import static io.sluice.vmm.regs.RegisterSpec.at;

import io.sluice.vmm.regs.Register;
import io.sluice.vmm.regs.RegisterSpec;
import io.sluice.vmm.regs.RegisterTable;

/// A client's page of BAR 2: what a program may touch that has nothing else of the device.
enum DoorbellReg implements Register {
    /// One past the last command that is ready.
    TAIL(at(0x00).bytes(4).writable(0xFFFF_FFFFL)),
    /// One past the last completion that was taken.
    SEEN(at(0x04).bytes(4).writable(0xFFFF_FFFFL)),
    /// Wants an interrupt as soon as the completion of this index is there.
    ARM(at(0x08).bytes(4).writable(0xFFFF_FFFFL)),
    /// [Client.State] (7:0), [StopReason] (15:8).
    STATE(at(0x0C).bytes(4)),
    /// The command that comes next.
    HEAD(at(0x10).bytes(4)),
    /// One past the last completion that was written.
    POSTED(at(0x14).bytes(4));

    /// A page is what a process maps: it holds one client and nothing of another.
    static final int PAGE = 4096;

    static final RegisterTable<DoorbellReg> TABLE = new RegisterTable<>(values());

    private final RegisterSpec spec;

    DoorbellReg(RegisterSpec spec) {
        this.spec = spec;
    }

    @Override
    public RegisterSpec spec() {
        return spec;
    }
}
