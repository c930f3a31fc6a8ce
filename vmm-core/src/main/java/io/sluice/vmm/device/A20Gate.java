package io.sluice.vmm.device;

/// The gate of address line 20, which the keyboard controller and port 0x92 both drive. Any strand.
/// The vCPU does not mask addresses: the gate only remembers, so that a guest reads back what it set.
public final class A20Gate {
    private volatile boolean open = true;

    public boolean isOpen() {
        return open;
    }

    public void set(boolean newOpen) {
        open = newOpen;
    }
}
