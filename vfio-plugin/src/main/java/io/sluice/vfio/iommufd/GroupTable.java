package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.iommu.IommuGroup;
import java.util.IdentityHashMap;
import java.util.Map;

/// The groups that a context owns.
final class GroupTable {
    private final Map<IommuGroup, GroupState> states = new IdentityHashMap<>();

    /// A device of a group is bound.
    GroupState join(IommuGroup group) {
        var state = states.computeIfAbsent(group, GroupState::new);
        state.bound++;
        return state;
    }

    /// A device of a group is bound no longer.
    void leave(GroupState state) {
        state.bound--;
        if (state.bound == 0) {
            states.remove(state.group());
        }
    }
}
