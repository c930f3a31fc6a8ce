package io.sluice.vmm.irq;

/// Takes message-signalled interrupts: the memory write of PCI 3.0 section 6.8. Any strand; never blocks.
public interface MsiTarget {
    /// @param address guest physical address that the function was told to write to
    /// @param data the 32 bits it writes
    void write(long address, int data);
}
