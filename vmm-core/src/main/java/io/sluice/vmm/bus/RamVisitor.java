package io.sluice.vmm.bus;

import io.sluice.vmm.memory.GuestRam;

/// Is shown RAM, one contiguous piece after the other.
@FunctionalInterface
public interface RamVisitor {
    /// @param offset of the first byte in `ram`
    /// @param host where that byte lies in this process
    void ram(GuestRam ram, long offset, long host, int length);
}
