package io.sluice.vmm.bus;

/// A map was refused; the message says which range and why.
public final class BusException extends RuntimeException {
    public BusException(String message) {
        super(message);
    }
}
