package io.sluice.vmm.gdb;

/// The address on which to wait for a debugger cannot be had; the message says why.
public final class GdbListenException extends RuntimeException {
    GdbListenException(String message, Throwable cause) {
        super(message, cause);
    }
}
