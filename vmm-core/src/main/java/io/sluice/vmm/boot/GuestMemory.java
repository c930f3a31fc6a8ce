package io.sluice.vmm.boot;

/// Where a loader writes: guest physical memory. `AddressSpace::dmaWrite` has this shape.
@FunctionalInterface
public interface GuestMemory {
    /// Copies `length` bytes to guest physical `address`.
    ///
    /// @return whether all of it was writable RAM
    boolean write(long address, byte[] source, int offset, int length);

    /// Writes all of `source`; the caller has checked that there is RAM.
    default void store(long address, byte[] source, int offset, int length) {
        if (!write(address, source, offset, length)) {
            throw new IllegalStateException("no RAM at 0x" + Long.toHexString(address) + " for " + length + " bytes");
        }
    }

    default void store(long address, byte[] source) {
        store(address, source, 0, source.length);
    }
}
