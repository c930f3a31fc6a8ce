package io.sluice.vfio.mdev;

import io.sluice.vfio.host.Errno;

/// A request to the mdev bus, or to a driver, was refused.
public final class MdevException extends RuntimeException {
    private final Errno errno;

    public MdevException(Errno errno, String message) {
        super(message + ": " + errno.text());
        this.errno = errno;
    }

    public Errno errno() {
        return errno;
    }
}
