package io.sluice.vfio.host;

/// The kernel's reasons to refuse, with its numbers and its words. Each has one meaning in all of these rooms.
public enum Errno {
    /// It exists, and the caller may not.
    EPERM(1, "Operation not permitted"),
    /// No object, address or id of that name.
    ENOENT(2, "No such file or directory"),
    /// The device cannot answer now: decoding is off, or it sleeps.
    EIO(5, "Input/output error"),
    EBADF(9, "Bad file descriptor"),
    /// Under way already; a later call will find it done.
    EAGAIN(11, "Resource temporarily unavailable"),
    ENOMEM(12, "Cannot allocate memory"),
    EACCES(13, "Permission denied"),
    EFAULT(14, "Bad address"),
    /// In use by somebody else.
    EBUSY(16, "Device or resource busy"),
    EEXIST(17, "File exists"),
    /// The device is gone or going.
    ENODEV(19, "No such device"),
    /// A known field with an impossible value.
    EINVAL(22, "Invalid argument"),
    /// The object does not know this request.
    ENOTTY(25, "Inappropriate ioctl for device"),
    /// A driver's own pool is empty.
    ENOSPC(28, "No space left on device"),
    /// The number of users that the core counts is reached.
    EUSERS(87, "Too many users"),
    /// Understood but not supported.
    EOPNOTSUPP(95, "Operation not supported");

    private final int number;
    private final String text;

    Errno(int number, String text) {
        this.number = number;
        this.text = text;
    }

    public int number() {
        return number;
    }

    /// What `strerror` says.
    public String text() {
        return text;
    }
}
