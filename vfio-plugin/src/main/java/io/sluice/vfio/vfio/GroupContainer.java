package io.sluice.vfio.vfio;

import org.jspecify.annotations.Nullable;

/// What a group is put into, so that its devices have I/O addresses: a container, or an iommufd in its place.
interface GroupContainer {
    /// A group comes in.
    ///
    /// @throws HostException EPERM or EBUSY if the group is another's or in use
    void join(VfioGroup group);

    /// A group goes; none of its devices is open.
    void leave(VfioGroup group);

    /// Whether devices can be opened.
    boolean isReady();

    /// Binds a device that is opened; null if the group as a whole is what is bound.
    @Nullable
    IommuBinding bind(VfioNode node);

    /// Its file is referred to once more, or once less.
    void hold(boolean on);
}
