package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;

/// What a device signals: the user's end of an interrupt. Called inside the device's strand; never blocks.
@FunctionalInterface
public interface Eventfd {
    void signal();

    /// Somebody hears, from now on, that it was signalled: on the thread that signals, which must not be kept.
    ///
    /// @throws HostException EINVAL if nobody can listen to it
    default void listen(Runnable listener) {
        throw new HostException(Errno.EINVAL, "nobody can wait for this eventfd");
    }

    /// What [#listen] began ends.
    default void ignore(Runnable listener) {}
}
