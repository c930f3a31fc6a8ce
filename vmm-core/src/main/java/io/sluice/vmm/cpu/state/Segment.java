package io.sluice.vmm.cpu.state;

/// A segment register: selector and the hidden part that was loaded with it.
public final class Segment {
    public int selector;
    public long base;
    /// Limit in bytes, granularity applied; unsigned 32 bits.
    public long limit = 0xFFFF;
    /// Descriptor bits 55..40: type (3..0), S (4), DPL (6..5), P (7), AVL (12), L (13), D/B (14), G (15).
    public int access = 0x93;
    /// Not a null selector (protected mode); a load through an unusable data segment is #GP.
    public boolean usable = true;

    public int dpl() {
        return access >> 5 & 3;
    }

    public boolean present() {
        return (access & 0x80) != 0;
    }

    /// D/B: 32-bit default size.
    public boolean big() {
        return (access & 0x4000) != 0;
    }

    /// L: 64-bit code.
    public boolean isLong() {
        return (access & 0x2000) != 0;
    }

    public int type() {
        return access & 0xF;
    }

    public void copyFrom(Segment other) {
        selector = other.selector;
        base = other.base;
        limit = other.limit;
        access = other.access;
        usable = other.usable;
    }
}
