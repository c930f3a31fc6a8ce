package io.sluice.vmm.regs;

/// A register as the data sheet has it: place, width in bytes, value after reset, and masks of the bits that the guest
/// may write and that it clears by writing 1.
public record RegisterSpec(int offset, int width, long reset, long writable, long clearedByOne) {
    public RegisterSpec {
        if (offset < 0 || width < 1 || width > 8 || (writable & clearedByOne) != 0) {
            throw new IllegalArgumentException("no such register: offset " + offset + ", width " + width);
        }
    }

    /// A read-only register of one byte at `offset`.
    public static RegisterSpec at(int offset) {
        return new RegisterSpec(offset, 1, 0, 0, 0);
    }

    public RegisterSpec bytes(int newWidth) {
        return new RegisterSpec(offset, newWidth, reset, writable, clearedByOne);
    }

    public RegisterSpec reset(long value) {
        return new RegisterSpec(offset, width, value, writable, clearedByOne);
    }

    public RegisterSpec writable(long mask) {
        return new RegisterSpec(offset, width, reset, mask, clearedByOne);
    }

    public RegisterSpec clearedByOne(long mask) {
        return new RegisterSpec(offset, width, reset, writable, mask);
    }
}
