package io.sluice.vfio.invariants;

import static io.sluice.vfio.host.Errno.EBADFD;
import static io.sluice.vfio.host.Errno.EBUSY;
import static io.sluice.vfio.host.Errno.EEXIST;
import static io.sluice.vfio.host.Errno.EFAULT;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.EIO;
import static io.sluice.vfio.host.Errno.ENODEV;
import static io.sluice.vfio.host.Errno.ENOENT;
import static io.sluice.vfio.host.Errno.ENOTTY;
import static io.sluice.vfio.host.Errno.EOPNOTSUPP;
import static io.sluice.vfio.host.Errno.EPERM;

import io.sluice.vfio.host.pci.HostFunction;
import io.sluice.vfio.invariants.Devices.Group;
import io.sluice.vfio.invariants.Devices.Node;
import io.sluice.vfio.invariants.Files.DeviceDoc;
import io.sluice.vfio.invariants.Files.Doc;
import io.sluice.vfio.invariants.Files.GroupDoc;
import io.sluice.vfio.invariants.Files.Proc;
import io.sluice.vfio.invariants.Files.Vm;
import io.sluice.vfio.invariants.Spaces.Area;
import io.sluice.vfio.invariants.Spaces.Bound;
import io.sluice.vfio.invariants.Spaces.Ctx;
import io.sluice.vfio.invariants.Spaces.Hwpt;
import io.sluice.vfio.invariants.Spaces.Ioas;
import io.sluice.vfio.iommufd.IommuVfioIoas;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a call is to be answered with, by the rules and the model alone.
final class Judge {
    private Judge() {}

    // ---- devices

    /// Whether a context may have the group of a device.
    private static @Nullable Verdict claim(Node node, Ctx ctx) {
        var group = node.group;
        if (group == null) {
            return null;
        }
        Object claimant = node.iommu != null && !node.takesRid ? node.iommu : ctx;
        if (group.owner != null) {
            return group.owner.equals(claimant) ? null : Verdict.no(EPERM);
        }
        return group.natives > 0 ? Verdict.no(EBUSY) : null;
    }

    static Verdict bind(DeviceDoc file, @Nullable Doc presented) {
        var node = file.node;
        if (file.group != null) {
            return Verdict.no(EINVAL);
        }
        if (node.vgroup.file != null) {
            return Verdict.no(EBUSY);
        }
        if (file.granted) {
            return Verdict.no(EINVAL);
        }
        if (!(presented instanceof Ctx ctx)) {
            return Verdict.no(EBADFD);
        }
        if (node.going) {
            return Verdict.no(ENODEV);
        }
        if (node.opens > 0) {
            return Verdict.no(EINVAL);
        }
        var claim = claim(node, ctx);
        return claim == null ? Verdict.YES : claim;
    }

    static Verdict openByGroup(GroupDoc file, @Nullable Node node) {
        if (node == null) {
            return Verdict.no(ENODEV);
        }
        var ctx = file.container;
        if (ctx == null) {
            return Verdict.no(EINVAL);
        }
        if (node.going) {
            return Verdict.no(ENODEV);
        }
        if (node.opens > 0) {
            return node.byFile ? Verdict.no(EBUSY) : Verdict.YES;
        }
        var claim = claim(node, ctx);
        if (claim != null) {
            return claim;
        }
        if (!node.takesRid) {
            return Verdict.no(EOPNOTSUPP);
        }
        return ctx.compat == null ? Verdict.no(ENODEV) : attach(node, ctx, 0, ctx.idOf(ctx.compat));
    }

    static Verdict mayAttach(DeviceDoc file, boolean flagged, int pasid) {
        if (!file.granted) {
            return Verdict.no(EINVAL);
        }
        if (file.group != null) {
            return Verdict.no(ENOTTY);
        }
        if (flagged && !file.node.takesPasids) {
            return Verdict.no(EOPNOTSUPP);
        }
        return flagged && pasid <= 0 ? Verdict.no(EINVAL) : Verdict.YES;
    }

    static Verdict attach(Model model, DeviceDoc file, boolean flagged, int pasid, int target) {
        var may = mayAttach(file, flagged, pasid);
        var node = file.node;
        if (!may.may()) {
            return may;
        }
        if (node.ctx == null) {
            return Verdict.no(EINVAL);
        }
        if (pasid != 0 && node.iommu != null && model.gone.contains(node.iommu)) {
            return Verdict.maybe(EINVAL, EOPNOTSUPP, ENOENT, EFAULT);
        }
        return attach(node, node.ctx, pasid, target);
    }

    private static Verdict attach(Node node, Ctx ctx, int pasid, int target) {
        if (pasid == 0 && !node.takesRid) {
            return Verdict.no(EOPNOTSUPP);
        }
        var object = ctx.objects.get(target);
        if (node.iommu == null || node.group == null) {
            return object instanceof Ioas ? Verdict.YES : Verdict.no(ENOENT);
        }
        if (pasid >= Math.max(1, node.iommu.maxPasids())) {
            return Verdict.no(EINVAL);
        }
        return switch (object) {
            case null -> Verdict.no(ENOENT);
            case Hwpt hwpt -> onTable(node.group, node, ctx, pasid, hwpt);
            case Ioas ioas -> onSpace(node.group, node, ctx, pasid, ioas);
            case Bound unused -> Verdict.no(EINVAL);
        };
    }

    private static Verdict onTable(Group group, Node node, Ctx ctx, int pasid, Hwpt hwpt) {
        boolean replaces = node.has(pasid);
        var there = group.attachments.get(pasid);
        if (there != null && there.hwpt == hwpt && replaces) {
            return Verdict.YES;
        }
        var others = there == null || there.hwpt == hwpt || replaces ? null : there.hwpt.ioas.ctx;
        if (others == ctx || !mix(group, ctx, pasid, hwpt.pasids)) {
            return Verdict.no(EINVAL);
        }
        if (others != null) {
            return Verdict.no(EBUSY);
        }
        boolean installs = there == null || replaces;
        if (installs && hwpt.dirty && group.real.devices().stream().anyMatch(member -> !member.tracksDirty())) {
            return Verdict.no(EINVAL);
        }
        boolean incapable = pasid != 0
                && group.real.devices().stream()
                        .anyMatch(member -> member.maxPasids() > 0 && member.maxPasids() <= pasid);
        return installs && incapable ? Verdict.no(EINVAL) : Verdict.YES;
    }

    private static Verdict onSpace(Group group, Node node, Ctx ctx, int pasid, Ioas ioas) {
        var made = ctx.automatic(ioas);
        var there = group.attachments.get(pasid);
        boolean replaces = node.has(pasid);
        if (made != null) {
            var verdict = onTable(group, node, ctx, pasid, made);
            if (verdict.may() || !verdict.errnos().contains(EINVAL)) {
                return verdict;
            }
        } else if (pasid == 0 && mix(group, ctx, pasid, false) && (there == null || replaces)) {
            return ioas.hasDead() ? Verdict.maybe(EFAULT) : Verdict.YES;
        }
        if (there != null && !replaces && there.hwpt.ioas.ctx != ctx) {
            return Verdict.no(EBUSY, EINVAL, EFAULT);
        }
        return ioas.hasDead() ? Verdict.no(EINVAL, EFAULT) : Verdict.no(EINVAL);
    }

    /// PASIDs go with tables that are made for them, and so does what is attached beside them.
    private static boolean mix(Group group, Ctx ctx, int pasid, boolean takesPasids) {
        if (pasid == 0) {
            return takesPasids
                    || group.attachments.tailMap(1).values().stream().noneMatch(there -> there.hwpt.ioas.ctx == ctx);
        }
        var plain = group.attachments.get(0);
        return takesPasids && (plain == null || plain.hwpt.pasids);
    }

    // ---- tables and spaces

    static Verdict destroy(Ctx ctx, int id) {
        return switch (ctx.objects.get(id)) {
            case null -> Verdict.no(ENOENT);
            case Bound unused -> Verdict.no(EBUSY);
            case Hwpt hwpt -> hwpt.users > 0 || hwpt.automatic ? Verdict.no(EBUSY) : Verdict.YES;
            case Ioas ioas -> ioas.hwpts > 0 || !ioas.accesses.isEmpty() ? Verdict.no(EBUSY) : Verdict.YES;
        };
    }

    static Verdict hwpt(Ctx ctx, int device, int target, boolean dirty) {
        if (!(ctx.objects.get(device) instanceof Bound bound) || bound.node.iommu == null) {
            return Verdict.no(ENOENT);
        }
        return switch (ctx.objects.get(target)) {
            case Ioas ioas -> {
                if (dirty && !bound.node.iommu.tracksDirty()) {
                    yield Verdict.no(EOPNOTSUPP);
                }
                yield ioas.hasDead() ? Verdict.maybe(EFAULT) : Verdict.YES;
            }
            case Hwpt unused -> Verdict.no(EINVAL, EOPNOTSUPP);
            case Bound unusedToo -> Verdict.no(EINVAL);
            case null -> Verdict.no(EINVAL);
        };
    }

    static Verdict nameCompat(Ctx ctx, int op, @Nullable Ioas named) {
        return switch (op) {
            case IommuVfioIoas.GET -> ctx.compat == null ? Verdict.no(ENODEV) : Verdict.YES;
            case IommuVfioIoas.SET -> named == null ? Verdict.no(ENOENT) : Verdict.YES;
            default -> Verdict.YES;
        };
    }

    static Verdict map(Ctx ctx, int id, boolean fixed, long iova, long length, boolean inside) {
        if (!(ctx.objects.get(id) instanceof Ioas ioas)) {
            return Verdict.no(ENOENT);
        }
        if (!inside) {
            return Verdict.no(EINVAL);
        }
        return fixed && ioas.meets(iova, iova + length) ? Verdict.no(EEXIST) : Verdict.YES;
    }

    static Verdict copy(Ctx ctx, int from, int to, List<Area> parts, long at, long length, boolean write) {
        if (!(ctx.objects.get(from) instanceof Ioas)) {
            return Verdict.no(ENOENT);
        }
        if (parts.isEmpty() || !(ctx.objects.get(to) instanceof Ioas target)) {
            return Verdict.no(ENOENT);
        }
        boolean protectedPages = write && parts.stream().anyMatch(area -> !area.source());
        boolean taken = target.meets(at, at + length);
        if (protectedPages || taken) {
            return Verdict.no(EEXIST, EPERM, EFAULT);
        }
        return parts.stream().anyMatch(Area::isDead) ? Verdict.maybe(EFAULT) : Verdict.YES;
    }

    static Verdict pin(Node node, long iova, boolean write) {
        var area = node.access == null ? null : node.access.at(iova);
        if (area == null) {
            return Verdict.no(ENOENT);
        }
        if (write ? !area.write() : !area.read()) {
            return Verdict.no(EPERM);
        }
        return area.isDead() ? Verdict.maybe(EFAULT) : Verdict.YES;
    }

    // ---- groups and resets

    static Verdict setContainer(GroupDoc file, Doc presented) {
        if (file.container != null) {
            return Verdict.no(EINVAL);
        }
        if (file.vgroup.members.isEmpty()) {
            return Verdict.no(ENODEV);
        }
        return presented instanceof Ctx ? Verdict.YES : Verdict.no(EBADFD);
    }

    static Verdict unsetContainer(GroupDoc file) {
        if (file.container == null) {
            return Verdict.no(EINVAL);
        }
        return file.open > 0 ? Verdict.no(EBUSY) : Verdict.YES;
    }

    /// Conventional functions have no reset of their own, and who failed to reset at its opening has none any more.
    static Verdict reset(DeviceDoc file, @Nullable HostFunction function) {
        boolean none = function != null && World.CONVENTIONAL.contains(function.label());
        if (!file.granted || none) {
            return Verdict.no(EINVAL);
        }
        return file.node.openedBadly ? Verdict.maybe(EINVAL) : Verdict.YES;
    }

    /// A reset of a bus is for him who has all that is on it.
    static Verdict hotReset(Model model, World world, DeviceDoc file, @Nullable HostFunction function) {
        if (!file.granted || file.group != null) {
            return Verdict.no(EINVAL);
        }
        if (function == null) {
            return Verdict.no(ENODEV);
        }
        var all = world.host.resets().resetTogether(function);
        boolean mine = all.stream().allMatch(each -> isMine(model, world, file.node, each));
        return mine ? Verdict.YES : Verdict.no(EINVAL);
    }

    private static boolean isMine(Model model, World world, Node mine, HostFunction function) {
        var real = world.driver.node(function);
        for (var node : model.nodes) {
            if (node.real != real) {
                continue;
            }
            if (node.ctx != null) {
                return node.ctx == mine.ctx;
            }
            return model.nodes.stream()
                    .anyMatch(other ->
                            !other.going && other.group == node.group && other.ctx != null && other.ctx == mine.ctx);
        }
        return false;
    }

    // ---- machines

    static Verdict mapPasid(Proc caller, Vm machine, int guest, int host) {
        if (machine.owner != caller) {
            return Verdict.no(EIO);
        }
        if (!caller.mayUse(host)) {
            return Verdict.no(EPERM);
        }
        var old = machine.entries.get(guest);
        return old != null && old != host ? Verdict.no(EEXIST) : Verdict.YES;
    }

    static Verdict unmapPasid(Proc caller, Vm machine, int guest) {
        if (machine.owner != caller) {
            return Verdict.no(EIO);
        }
        return machine.entries.containsKey(guest) ? Verdict.YES : Verdict.no(ENOENT);
    }
}
