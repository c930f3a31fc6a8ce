package io.sluice.vmm.pci;

/// A function was refused by the bus; the message is one line for the user.
public final class PciException extends RuntimeException {
    public PciException(String message) {
        super(message);
    }
}
