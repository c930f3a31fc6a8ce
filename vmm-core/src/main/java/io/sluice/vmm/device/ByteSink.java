package io.sluice.vmm.device;

/// Takes bytes that a guest writes. Called inside the device's strand; never blocks.
public interface ByteSink {
    void write(byte octet);
}
