package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EBUSY;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.ENOENT;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.iommu.BlockingDomain;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vfio.iommufd.ioas.IovaRange;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The devices of one group that a context has bound, and what they are attached to. All that are attached by a PASID,
/// or without one, are attached to the same table: the first really installs it, for all of the group; the last takes
/// it away, and then the group is blocked.
final class GroupState {
    /// PASID 0 stands for requests without one.
    static final int NO_PASID = 0;

    private static final class Attachment {
        Hwpt hwpt;
        final List<IommufdDevice> devices = new ArrayList<>();

        Attachment(Hwpt hwpt) {
            this.hwpt = hwpt;
        }
    }

    private final IommuGroup group;
    private final TreeMap<Integer, Attachment> attachments = new TreeMap<>();

    /// Devices of it that are bound.
    int bound;

    GroupState(IommuGroup group) {
        this.group = group;
    }

    IommuGroup group() {
        return group;
    }

    /// What a device is attached to; null if to nothing.
    @Nullable
    Hwpt attached(IommufdDevice device, int pasid) {
        var attachment = attachments.get(pasid);
        return attachment != null && attachment.devices.contains(device) ? attachment.hwpt : null;
    }

    /// The PASIDs that a device is attached by, 0 among them if it is attached without one.
    List<Integer> pasids(IommufdDevice device) {
        return attachments.keySet().stream()
                .filter(pasid -> attached(device, pasid) != null)
                .toList();
    }

    // ---- rules

    private void requirePasidFit(int pasid, Hwpt hwpt) {
        if (pasid == NO_PASID) {
            if (!hwpt.takesPasids && attachments.ceilingKey(NO_PASID + 1) != null) {
                throw new HostException(EINVAL, hwpt + " takes no PASIDs, and some are attached");
            }
            return;
        }
        var plain = attachments.get(NO_PASID);
        if (!hwpt.takesPasids || plain != null && !plain.hwpt.takesPasids) {
            throw new HostException(EINVAL, hwpt + " takes no PASIDs, or what is attached without one does not");
        }
    }

    private static void requireFit(IommufdDevice device, Hwpt hwpt) {
        if (hwpt.faults != null && !device.asksForPages()) {
            throw new HostException(EINVAL, device + " cannot ask for pages");
        }
        if (hwpt instanceof HwptNested nested && nested.viommu != null && !device.isIn(nested.viommu)) {
            throw new HostException(ENOENT, device + " has no virtual device in " + nested.viommu);
        }
        HwptPaging.requireCoherent(device, hwpt.paging().pagingDomain());
    }

    // ---- attach

    /// @throws HostException EBUSY if the device is attached by that PASID already, EINVAL if the table does not fit,
    ///     EADDRINUSE if something is mapped where the device's reserved regions are; then nothing changed
    void attach(IommufdDevice device, int pasid, Hwpt hwpt) {
        var attachment = attachments.get(pasid);
        if (attachment != null && attachment.devices.contains(device)) {
            throw new HostException(EBUSY, device + " is attached");
        }
        if (attachment != null && attachment.hwpt != hwpt) {
            throw new HostException(EINVAL, "others of " + group + " are on " + attachment.hwpt);
        }
        requirePasidFit(pasid, hwpt);
        requireFit(device, hwpt);
        device.steps().pass("iommufd.attach.entry");
        reserve(device, pasid, hwpt);
        try {
            device.takePasid(pasid);
            device.route(pasid, hwpt);
            if (attachment == null) {
                group.set(pasid, hwpt.domain());
            }
        } catch (HostException e) {
            device.settleRoute(pasid, null);
            if (attachment == null) {
                device.givePasid(pasid);
            }
            release(device, pasid, hwpt);
            throw e;
        }
        var entry = attachment == null ? new Attachment(hwpt) : attachment;
        attachments.put(pasid, entry);
        entry.devices.add(device);
        hwpt.users++;
        device.users++;
    }

    /// Reserved regions count where requests carry no PASID.
    private static void reserve(IommufdDevice device, int pasid, Hwpt hwpt) {
        if (pasid == NO_PASID) {
            hwpt.paging().ioas.space.reserve(device, device.reserved());
        }
    }

    private static void release(IommufdDevice device, int pasid, Hwpt hwpt) {
        if (pasid == NO_PASID) {
            hwpt.paging().ioas.space.release(device);
        }
    }

    // ---- replace

    /// Moves all that are attached by a PASID to another table at once, or none.
    ///
    /// @return the table that they were on; null if it is the same
    /// @throws HostException EINVAL if the device is not attached or the table does not fit, and as [#attach]
    @Nullable
    Hwpt replace(IommufdDevice device, int pasid, Hwpt hwpt) {
        var attachment = attachments.get(pasid);
        if (attachment == null || !attachment.devices.contains(device)) {
            throw new HostException(EINVAL, device + " is not attached");
        }
        var old = attachment.hwpt;
        if (old == hwpt) {
            return null;
        }
        requirePasidFit(pasid, hwpt);
        for (var member : attachment.devices) {
            requireFit(member, hwpt);
        }
        device.steps().pass("iommufd.replace.entry");
        boolean moves = hwpt.paging().ioas != old.paging().ioas;
        if (moves) {
            reserveAll(attachment.devices, pasid, hwpt);
        }
        try {
            attachment.devices.forEach(member -> member.route(pasid, hwpt));
            group.set(pasid, hwpt.domain());
        } catch (HostException e) {
            attachment.devices.forEach(member -> member.settleRoute(pasid, old));
            if (moves) {
                attachment.devices.forEach(member -> release(member, pasid, hwpt));
            }
            throw e;
        }
        if (moves) {
            attachment.devices.forEach(member -> release(member, pasid, old));
        }
        attachment.hwpt = hwpt;
        hwpt.users += attachment.devices.size();
        old.users -= attachment.devices.size();
        attachment.devices.forEach(member -> {
            member.settleRoute(pasid, hwpt);
            member.orphan(pasid, old);
        });
        return old;
    }

    private static void reserveAll(List<IommufdDevice> devices, int pasid, Hwpt hwpt) {
        int done = 0;
        try {
            for (; done < devices.size(); done++) {
                reserve(devices.get(done), pasid, hwpt);
            }
        } catch (HostException e) {
            devices.subList(0, done).forEach(device -> release(device, pasid, hwpt));
            throw e;
        }
    }

    // ---- detach

    /// @return the table that the device was on; null if it was on none
    @Nullable
    Hwpt detach(IommufdDevice device, int pasid) {
        var attachment = attachments.get(pasid);
        if (attachment == null || !attachment.devices.remove(device)) {
            return null;
        }
        if (attachment.devices.isEmpty()) {
            group.set(pasid, BlockingDomain.INSTANCE);
            attachments.remove(pasid);
            device.givePasid(pasid);
        }
        var hwpt = attachment.hwpt;
        device.settleRoute(pasid, null);
        release(device, pasid, hwpt);
        hwpt.users--;
        device.users--;
        device.orphan(pasid, hwpt);
        return hwpt;
    }

    /// What a device keeps from being mapped.
    static List<IovaRange> reservedOf(io.sluice.vfio.host.iommu.IommuDevice device) {
        return device.reserved().stream()
                .filter(region -> region.kind() != io.sluice.vfio.host.iommu.ReservedRegion.Kind.DIRECT_RELAXABLE)
                .map(region -> new IovaRange(region.first(), region.last()))
                .toList();
    }
}
