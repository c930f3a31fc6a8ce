package io.sluice.samples.ring;

/// The memory that the device's user has granted it, by I/O address. Inside the strand; neither waits nor throws.
interface RingMemory {
    /// @return whether all of it could be read; if not, what is in `target` means nothing
    boolean read(long iova, byte[] target, int offset, int length);

    /// @return whether all of it was written; if not, a part may have been
    boolean write(long iova, byte[] source, int offset, int length);
}
