package io.sluice.vfio.vfio;

import io.sluice.vmm.memory.GuestRam;
import java.util.Objects;

/// Memory of a device, as mmap of its file gives it to the device's user. Good until the file is closed.
///
/// @param offset of the first byte in `ram`
public record VfioMemory(GuestRam ram, long offset, long length) {
    public VfioMemory {
        Objects.checkFromIndexSize(offset, length, ram.size());
    }

    /// Copies `length` bytes from `at` on.
    public void read(long at, byte[] target, int to, int count) {
        Objects.checkFromIndexSize(at, count, length);
        ram.read(offset + at, target, to, count);
    }
}
