package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// One stream of a device's state, out or in. It ends when its states are left; what is read or written after that is
/// refused. Inside the device's strand.
final class MigrationSession {
    private byte[] data = {};
    private int position;
    private boolean whole;
    private boolean open;
    private MigrationOps.@Nullable Loader loader;

    void startSaving(byte[] first, boolean isAll) {
        data = first;
        position = 0;
        whole = isAll;
        open = true;
    }

    void startLoading(MigrationOps.Loader taker) {
        loader = taker;
        open = true;
    }

    /// The rest of what is saved, after what was offered before the device was stopped.
    void append(byte[] rest) {
        int had = data.length;
        data = Arrays.copyOf(data, had + rest.length);
        System.arraycopy(rest, 0, data, had, rest.length);
        whole = true;
    }

    /// @throws HostException ENODEV if it has ended, EINVAL if it is for writing, ENOMSG if there is no more for now
    int read(byte[] target, int offset, int length) {
        requireOpen();
        if (loader != null) {
            throw new HostException(Errno.EINVAL, "the session is for writing");
        }
        int count = Math.min(length, data.length - position);
        if (count == 0 && length > 0 && !whole) {
            throw new HostException(Errno.ENOMSG, "no more as long as the device runs");
        }
        System.arraycopy(data, position, target, offset, count);
        position += count;
        return count;
    }

    /// @throws HostException ENODEV if it has ended, EINVAL if it is for reading, or what the driver says of the data
    int write(byte[] source, int offset, int length) {
        requireOpen();
        if (loader == null) {
            throw new HostException(Errno.EINVAL, "the session is for reading");
        }
        loader.write(source, offset, length);
        return length;
    }

    /// Bytes that can be read before the device is stopped.
    long initialBytes() {
        requireOpen();
        return (long) data.length - position;
    }

    /// Whether a read or a write would answer now, as poll(2) asks.
    boolean isReady() {
        return open && (loader != null || whole || position < data.length);
    }

    void finishLoading() {
        if (loader != null) {
            loader.finish();
        }
    }

    private void requireOpen() {
        if (!open) {
            throw new HostException(Errno.ENODEV, "the session has ended");
        }
    }

    void end() {
        open = false;
        loader = null;
        data = new byte[0];
        position = 0;
    }
}
