package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;

/// One feature of VFIO_DEVICE_FEATURE. Inside the device's strand.
public interface VfioFeature {
    /// The user may ask.
    int GET = 1 << 16;

    /// The user may set.
    int SET = 1 << 17;

    /// The user asks only whether he may.
    int PROBE = 1 << 18;

    /// [#GET], [#SET] or both.
    int operations();

    /// @param question what the user brings, [FeatureData.None] if nothing
    /// @throws HostException EINVAL if it is of the wrong kind
    default FeatureData get(FeatureData question) {
        throw new HostException(Errno.EINVAL, "it cannot be asked for");
    }

    /// @throws HostException EINVAL if it is of the wrong kind
    default void set(FeatureData data) {
        throw new HostException(Errno.EINVAL, "it cannot be set");
    }
}
