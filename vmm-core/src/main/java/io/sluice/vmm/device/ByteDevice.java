package io.sluice.vmm.device;

/// A device whose registers are one byte wide, as on the ISA bus.
public interface ByteDevice {
    /// @return the byte at `offset`, 0 to 255
    int read(int offset);

    /// @param value 0 to 255
    void write(int offset, int value);
}
