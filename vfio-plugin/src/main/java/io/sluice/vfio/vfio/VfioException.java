package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;

/// A vfio request was refused.
public final class VfioException extends RuntimeException {
    private final Errno errno;

    public VfioException(Errno errno, String message) {
        super(message + ": " + errno.text());
        this.errno = errno;
    }

    public Errno errno() {
        return errno;
    }
}
