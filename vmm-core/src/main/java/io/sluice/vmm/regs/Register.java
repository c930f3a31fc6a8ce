package io.sluice.vmm.regs;

/// One register of a device's table; implemented by an enum whose constants carry the data sheet's names.
public interface Register {
    /// The register's line of the data sheet.
    RegisterSpec spec();

    /// The constant's name.
    String name();

    /// What the register holds after `value` was written over `old`: read-only bits stay, bits that are cleared by
    /// writing 1 are cleared, the others take the value.
    default long written(long old, long value) {
        var spec = spec();
        long kept = old & ~spec.writable() & ~(value & spec.clearedByOne());
        return kept | value & spec.writable();
    }

    /// [#written] for registers of up to 32 bits.
    default int written(int old, int value) {
        return (int) written(old & 0xFFFF_FFFFL, value & 0xFFFF_FFFFL);
    }
}
