package io.sluice.vfio.host.process;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;

/// An open file, which descriptors of one process or several refer to, and objects of the kernel. What it is goes away
/// with the last of them. Any thread.
public abstract class OpenFile {
    private int references = 1;

    /// The requests that it answers.
    public abstract RequestTable<?> requests();

    /// Makes a request to it for `caller`, who has another file that hands its requests on.
    ///
    /// @throws HostException why it was refused; ENOTTY if the file knows no such request
    @SuppressWarnings("unchecked") // the table binds each request to a handler that answers its type
    public final <R> R forward(Process caller, Request<R> request) {
        return (R) requests().dispatch(this, caller, request);
    }

    /// The last reference is gone. Called once; never fails.
    protected abstract void released();

    /// One more refers to it.
    public final void retain() {
        synchronized (this) {
            if (references > 0) {
                references++;
                return;
            }
        }
        throw new IllegalStateException(requests().kind() + " is closed");
    }

    /// One less refers to it.
    public final void drop() {
        synchronized (this) {
            if (references == 0) {
                throw new IllegalStateException("more let go of " + requests().kind() + " than had it");
            }
            references--;
            if (references > 0) {
                return;
            }
        }
        released();
    }

    /// Whether nobody refers to it any more.
    public final synchronized boolean isReleased() {
        return references == 0;
    }

    /// `read`: from where the file stands.
    ///
    /// @return bytes; 0 at the end
    public int read(byte[] target, int offset, int length) {
        throw refuse(Errno.EINVAL, "read");
    }

    /// `write`: to where the file stands.
    public int write(byte[] source, int offset, int length) {
        throw refuse(Errno.EINVAL, "write");
    }

    /// `pread`.
    public int read(long position, byte[] target, int offset, int length) {
        throw refuse(Errno.EINVAL, "pread");
    }

    /// `pwrite`.
    public int write(long position, byte[] source, int offset, int length) {
        throw refuse(Errno.EINVAL, "pwrite");
    }

    /// A refusal of this file.
    protected final HostException refuse(Errno errno, String what) {
        return new HostException(errno, requests().kind() + ": " + what);
    }
}
