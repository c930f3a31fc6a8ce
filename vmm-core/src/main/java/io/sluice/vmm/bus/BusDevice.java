package io.sluice.vmm.bus;

/// What answers transactions on a bus. Runs on its strand; never blocks. It knows offsets, not its place in the map.
public interface BusDevice {
    /// Reads `size` bytes (1, 2, 4 or 8) at `offset`; the unused high bits of the result are ignored.
    long read(long offset, int size);

    /// Writes the low `size` bytes (1, 2, 4 or 8) of `value` at `offset`.
    void write(long offset, int size, long value);

    /// Whether a write at `offset` starts work, which is the device's loop's. What only stores state may be written by
    /// the
    /// requester's thread even where writes are deferred as a rule ([Mapping.Device#deferred]). On any thread; the same
    /// answer each time.
    default boolean startsWork(long offset) {
        return true;
    }

    /// A 64-byte posted write (MOVDIR64B). A device that does not know it sees eight writes of 8 bytes.
    ///
    /// @param data eight 64-bit words, little-endian
    default void writeBurst(long offset, long[] data) {
        for (int i = 0; i < data.length; i++) {
            write(offset + 8L * i, 8, data[i]);
        }
    }

    /// A 64-byte deferrable memory write (DMWr, PCIe 6.0 section 2.2.7): what ENQCMD issues.
    ///
    /// @return whether the device accepted it; `false` is Retry, and what a device answers that takes no DMWr
    default boolean deferrableWrite(long offset, long[] data) {
        return false;
    }
}
