package io.sluice.vmm.boot;

/// The guest cannot be booted from what was given; the message is one line that says what is wrong with it.
public final class BootException extends RuntimeException {
    public BootException(String message) {
        super(message);
    }

    public BootException(String message, Throwable cause) {
        super(message, cause);
    }
}
