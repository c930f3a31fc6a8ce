package io.sluice.vmm.pci;

/// A BAR that each virtual function of a device has; it is placed by its physical function, for all of them together.
///
/// @param size of one function's, a power of two
public record VfBar(int index, Bar.Kind kind, boolean prefetchable, long size) {
    public VfBar {
        boolean wide = kind == Bar.Kind.MEMORY64;
        if (kind == Bar.Kind.IO || index < 0 || index + (wide ? 2 : 1) > 6) {
            throw new IllegalArgumentException("a virtual function has no such BAR: " + index);
        }
        if (Long.bitCount(size) != 1 || size < 16 || size > (wide ? 1L << 40 : 1L << 31)) {
            throw new IllegalArgumentException("VF BAR " + index + " cannot have " + size + " bytes");
        }
    }

    /// As a device's own BAR has it.
    public static VfBar of(Bar bar) {
        return new VfBar(bar.index(), bar.kind(), bar.prefetchable(), bar.size());
    }

    boolean wide() {
        return kind == Bar.Kind.MEMORY64;
    }

    int flags() {
        return (wide() ? 4 : 0) | (prefetchable ? 8 : 0);
    }
}
