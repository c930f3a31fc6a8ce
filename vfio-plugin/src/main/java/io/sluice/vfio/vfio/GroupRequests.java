package io.sluice.vfio.vfio;

import io.sluice.vfio.host.process.Nothing;
import io.sluice.vfio.host.process.Request;

/// The requests of a group's file, as the kernel's headers name them.
public final class GroupRequests {
    /// The group can be owned, or is.
    public static final int VIABLE = 1;

    public static final int CONTAINER_SET = 2;

    private GroupRequests() {}

    /// VFIO_GROUP_GET_STATUS. Answers [#VIABLE], [#CONTAINER_SET].
    public record GetStatus() implements Request<Integer> {}

    /// VFIO_GROUP_SET_CONTAINER.
    ///
    /// @param container the descriptor of a container or an iommufd
    public record SetContainer(int container) implements Request<Nothing> {}

    /// VFIO_GROUP_UNSET_CONTAINER.
    public record UnsetContainer() implements Request<Nothing> {}

    /// VFIO_GROUP_GET_DEVICE_FD. Answers a descriptor.
    ///
    /// @param name of the device; ` vf_token=UUID` may follow
    public record GetDeviceFd(String name) implements Request<Integer> {}
}
