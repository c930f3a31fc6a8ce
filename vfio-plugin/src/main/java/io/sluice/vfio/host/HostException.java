package io.sluice.vfio.host;

/// The host refused a request. What the request was to change is as it was before, unless the request says else.
public final class HostException extends RuntimeException {
    private final Errno errno;
    private final long count;

    public HostException(Errno errno, String message) {
        this(errno, message, 0);
    }

    /// @param count what the request tells although it failed: how many were done, or are needed
    public HostException(Errno errno, String message, long count) {
        super(message + ": " + errno.text());
        this.errno = errno;
        this.count = count;
    }

    public Errno errno() {
        return errno;
    }

    /// What the request tells although it failed: how many were done, or are needed; 0 if it tells nothing.
    public long count() {
        return count;
    }
}
