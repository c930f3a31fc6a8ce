package io.sluice.samples.ring;

import static io.sluice.vmm.regs.RegisterSpec.at;

import io.sluice.vmm.regs.Register;
import io.sluice.vmm.regs.RegisterSpec;
import io.sluice.vmm.regs.RegisterTable;

/// The owner's page, BAR 0. The words are docs/devices/ring.md's. Masks say what is stored; what a write does beyond
/// that is in [Owner].
enum RingReg implements Register {
    /// Reads "RING".
    IDENTITY(at(0x00).bytes(4).reset(0x474E_4952)),
    /// Major in the upper half.
    VERSION(at(0x04).bytes(4).reset(0x0001_0000)),
    /// How many clients there can be.
    CLIENTS(at(0x08).bytes(4)),
    /// How many keys there can be in all.
    KEYS(at(0x0C).bytes(4)),
    /// Logarithms: the largest ring (4:0), the longest command (12:8), keys of one client (20:16).
    LIMITS(at(0x10).bytes(4)),
    /// Run (0), reset (31).
    CONTROL(at(0x14).bytes(4).writable(0x1)),
    /// A bit a client: it has news.
    CAUSE(at(0x20).bytes(8).clearedByOne(-1)),
    /// A bit a client: its news interrupt.
    ENABLE(at(0x28).bytes(8).writable(-1)),
    /// A bit a client: it was stopped.
    STOPPED(at(0x30).bytes(8)),
    /// Whom the next order is about.
    CLIENT(at(0x40).bytes(4).writable(0xFFFF_FFFFL)),
    /// Logarithms of ring sizes: commands (4:0), completions (12:8).
    SHAPE(at(0x44).bytes(4).writable(0x1F1F)),
    COMMANDS(at(0x48).bytes(8).writable(-1)),
    COMPLETIONS(at(0x50).bytes(8).writable(-1)),
    /// The key that REGISTER made, or that DEREGISTER takes away.
    KEY(at(0x58).bytes(4).writable(0xFFFF_FFFFL)),
    /// Read (0), write (1).
    RIGHTS(at(0x5C).bytes(4).writable(0xFFFF_FFFFL)),
    FIRST(at(0x60).bytes(8).writable(-1)),
    LENGTH(at(0x68).bytes(8).writable(-1)),
    /// Writing an [Order] carries it out.
    ORDER(at(0x70).bytes(4).writable(0xFFFF_FFFFL)),
    /// What became of it: a [Result].
    RESULT(at(0x74).bytes(4)),
    /// Entries in the log (7:0), and how many found no room (31:16).
    ERRORS(at(0x80).bytes(4)),
    /// The oldest entry: why (7:0), who (15:8), whether there is one (31).
    ERROR(at(0x84).bytes(4)),
    /// The address or index that it is about.
    ERROR_AT(at(0x88).bytes(8)),
    /// A write drops the oldest entry.
    ERROR_NEXT(at(0x90).bytes(4));

    static final RegisterTable<RingReg> TABLE = new RegisterTable<>(values());
    static final int COUNT = values().length;

    static final long RUN = 1;
    static final long RESET = 1L << 31;

    private final RegisterSpec spec;

    RingReg(RegisterSpec spec) {
        this.spec = spec;
    }

    @Override
    public RegisterSpec spec() {
        return spec;
    }
}
