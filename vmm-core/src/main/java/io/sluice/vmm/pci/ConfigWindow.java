package io.sluice.vmm.pci;

/// Takes over a part of a function's configuration space, for content that the function computes.
/// On the function's strand; `offset` counts from the start of configuration space, `size` is 1, 2 or 4.
public interface ConfigWindow {
    int read(int offset, int size);

    void write(int offset, int size, int value);
}
