package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.process.Nothing;
import io.sluice.vfio.host.process.OpenFile;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.vfio.DeviceRequests.HotResetEntry;
import io.sluice.vfio.vfio.DeviceRequests.HotResetInfo;
import io.sluice.vfio.vfio.DeviceSet.Affected;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Resets of a slot or a bus, which every device on it goes through: only who owns all of them may ask for one.
final class HotResets {
    private static final int OWNED = 0;
    private static final int NOT_OWNED = -1;

    private HotResets() {}

    static HotResetInfo info(VfioDeviceFile file, DeviceRequests.GetHotResetInfo request) {
        file.device();
        var node = file.node();
        synchronized (node.set()) {
            var affected = slot(node).affected();
            if (affected.size() > request.room()) {
                throw new HostException(Errno.ENOSPC, affected.size() + " devices are reset together", affected.size());
            }
            var entries = new ArrayList<HotResetEntry>();
            for (var one : affected) {
                int id = file.isOfGroup() ? groupId(one) : deviceId(node, one);
                entries.add(new HotResetEntry(id, one.segment(), one.bdf()));
            }
            if (file.isOfGroup()) {
                return new HotResetInfo(0, entries);
            }
            boolean all = entries.stream().noneMatch(entry -> entry.id() == NOT_OWNED);
            int owned = all ? DeviceRequests.HOT_RESET_DEV_ID_OWNED : 0;
            return new HotResetInfo(DeviceRequests.HOT_RESET_DEV_ID | owned, entries);
        }
    }

    private static DeviceSet.SlotReset slot(VfioNode node) {
        var slot = node.set().slot();
        if (slot == null) {
            throw new HostException(Errno.ENODEV, node + " is in no slot that can be reset");
        }
        return slot;
    }

    private static int groupId(Affected one) {
        return one.group() == null ? NOT_OWNED : one.group().id();
    }

    /// Its id in the iommufd of `node`; [#OWNED] if it is not bound, but nobody else can have it.
    private static int deviceId(VfioNode node, Affected one) {
        var mine = node.binding();
        var other = node.host().find(one.bdf());
        if (mine == null) {
            return NOT_OWNED;
        }
        var binding = other == null ? null : other.binding();
        if (binding != null) {
            return binding.context().equals(mine.context()) ? binding.id() : NOT_OWNED;
        }
        boolean siblingIsMine = one.group() != null
                && node.host().nodes().stream()
                        .filter(sibling -> one.group().equals(sibling.group().real()))
                        .map(VfioNode::binding)
                        .anyMatch(bound -> bound != null && bound.context().equals(mine.context()));
        return siblingIsMine ? OWNED : NOT_OWNED;
    }

    static Nothing reset(VfioDeviceFile file, Process caller, DeviceRequests.HotReset request) {
        file.device();
        var node = file.node();
        if (request.flags() != 0 || file.isOfGroup() == request.groups().isEmpty()) {
            throw new HostException(Errno.EINVAL, "hot reset of " + node);
        }
        Inside.requireOutside(node.strand());
        var held = new ArrayList<OpenFile>();
        try {
            for (int fd : request.groups()) {
                var group = caller.hold(fd);
                held.add(group);
            }
            synchronized (node.set()) {
                reset(node, held);
            }
        } finally {
            held.forEach(OpenFile::drop);
        }
        return Nothing.DONE;
    }

    private static void reset(VfioNode node, List<OpenFile> groups) {
        var slot = slot(node);
        var affected = slot.affected();
        if (groups.size() > affected.size()) {
            throw new HostException(Errno.EINVAL, "more groups than devices");
        }
        if (groups.stream().anyMatch(group -> !(group instanceof VfioGroupFile))) {
            throw new HostException(Errno.EINVAL, "not the file of a group");
        }
        var nodes = new ArrayList<VfioNode>();
        for (var one : affected) {
            var other = node.host().find(one.bdf());
            if (other == null || !isOwned(node, one, other, groups)) {
                throw new HostException(Errno.EINVAL, one.bdf() + " would be reset too");
            }
            nodes.add(other);
        }
        int begun = 0;
        try {
            for (; begun < nodes.size(); begun++) {
                var other = nodes.get(begun);
                Inside.run(other.strand(), other.ops()::resetBegins);
            }
            slot.reset();
        } finally {
            for (var other : nodes.subList(0, begun)) {
                other.strand().call(other.device()::slotWasReset);
            }
        }
    }

    private static boolean isOwned(VfioNode node, Affected one, @Nullable VfioNode other, List<OpenFile> groups) {
        if (groups.isEmpty()) {
            return deviceId(node, one) != NOT_OWNED;
        }
        return other != null
                && groups.stream()
                        .anyMatch(file -> file instanceof VfioGroupFile group && group.group() == other.group());
    }
}
