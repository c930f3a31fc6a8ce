package io.sluice.vmm.disk;

/// A drive cannot be had; the message is for the user.
public final class DiskException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public DiskException(String message) {
        super(message);
    }
}
