package io.sluice.vmm.pci;

import java.util.Arrays;

/// Where a virtual function's BARs are: its physical function says so, since its own registers read as 0. On the
/// virtual function's strand.
final class VirtualPlace {
    private long[] addresses = new long[6];
    private boolean memory;

    void set(long[] at, boolean decoded) {
        addresses = at;
        memory = decoded;
    }

    boolean same(long[] at, boolean decoded) {
        return memory == decoded && Arrays.equals(addresses, at);
    }

    boolean memory() {
        return memory;
    }

    long address(Bar bar) {
        return addresses[bar.index()];
    }
}
