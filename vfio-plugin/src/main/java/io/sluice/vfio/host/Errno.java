package io.sluice.vfio.host;

/// The kernel's reasons to refuse, with its numbers and its words. Each has one meaning in all of these rooms.
public enum Errno {
    /// It exists, and the caller may not.
    EPERM(1, "Operation not permitted"),
    /// No object, address or id of that name.
    ENOENT(2, "No such file or directory"),
    /// The device cannot answer now: decoding is off, or it sleeps.
    EIO(5, "Input/output error"),
    /// The place is not one that was handed out.
    ENXIO(6, "No such device or address"),
    /// The structure is larger than what is known of it, or there are too many of a thing.
    E2BIG(7, "Argument list too long"),
    EBADF(9, "Bad file descriptor"),
    /// Under way already, or nothing there yet; a later call will find it done.
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
    /// The process has as many open files as it may have.
    EMFILE(24, "Too many open files"),
    /// The object does not know this request.
    ENOTTY(25, "Inappropriate ioctl for device"),
    /// A pool is empty, or no hole is large enough.
    ENOSPC(28, "No space left on device"),
    /// The file is a stream of whole records.
    ESPIPE(29, "Illegal seek"),
    /// More than there can be.
    ERANGE(34, "Numerical result out of range"),
    /// Others keep taking what has to be free.
    EDEADLOCK(35, "Resource deadlock avoided"),
    /// The stream pauses here.
    ENOMSG(42, "No message of desired type"),
    /// Beyond the last address.
    EOVERFLOW(75, "Value too large for defined data type"),
    /// An open file, but of the wrong kind.
    EBADFD(77, "File descriptor in bad state"),
    /// The number of users that the core counts is reached.
    EUSERS(87, "Too many users"),
    /// More would have been told than there is room for.
    EMSGSIZE(90, "Message too long"),
    /// Understood but not supported.
    EOPNOTSUPP(95, "Operation not supported"),
    /// Reserved, or allowed to another.
    EADDRINUSE(98, "Address already in use");

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
