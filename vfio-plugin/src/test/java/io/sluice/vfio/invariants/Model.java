package io.sluice.vfio.invariants;

import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vfio.invariants.Devices.Attachment;
import io.sluice.vfio.invariants.Devices.Group;
import io.sluice.vfio.invariants.Devices.Node;
import io.sluice.vfio.invariants.Devices.VGroup;
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
import io.sluice.vfio.invariants.Spaces.Mem;
import io.sluice.vfio.vfio.VfioGroup;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;

/// What there should be: plain maps, nothing shared with the product but the identities of its objects.
final class Model {
    static final long PAGE = 4096;
    private static final NavigableMap<Long, Area> NOTHING = Collections.emptyNavigableMap();

    final List<Proc> procs = new ArrayList<>();
    final List<Ctx> contexts = new ArrayList<>();
    final List<Node> nodes = new ArrayList<>();
    final Map<IommuGroup, Group> groups = new IdentityHashMap<>();
    final Map<VfioGroup, VGroup> vgroups = new IdentityHashMap<>();
    final Set<IommuDevice> gone = new LinkedHashSet<>();

    /// The host's own memory, as its devices see it.
    private final TreeMap<Long, Area> own = new TreeMap<>();

    /// @param memory the host's own
    Model(Mem memory) {
        own.put(0L, new Area(0, memory.bytes().length, true, true, true, memory, 0, null));
    }

    Group group(IommuGroup real) {
        return groups.computeIfAbsent(real, Group::new);
    }

    // ---- where DMA gets

    /// What a request goes by; nothing if it gets nowhere.
    NavigableMap<Long, Area> areas(IommuDevice device, int pasid) {
        var group = groups.get(device.group());
        if (group == null || gone.contains(device) || pasid != 0 && pasid >= device.maxPasids()) {
            return NOTHING;
        }
        if (group.owner == null) {
            return pasid == 0 ? own : NOTHING;
        }
        var attachment = group.attachments.get(pasid);
        return attachment == null ? NOTHING : attachment.hwpt.ioas.areas;
    }

    /// What an instance's transfer goes by; nothing if it gets nowhere.
    NavigableMap<Long, Area> areas(Node node, int pasid) {
        if (!node.has(pasid)) {
            return NOTHING;
        }
        if (node.iommu != null) {
            return areas(node.iommu, pasid);
        }
        return node.access == null ? NOTHING : node.access.areas;
    }

    // ---- files

    void drop(Doc doc) {
        if (--doc.refs > 0) {
            return;
        }
        switch (doc) {
            case Ctx ctx -> contexts.remove(ctx);
            case DeviceDoc device -> released(device);
            case GroupDoc group -> {
                leave(group);
                group.vgroup.file = null;
            }
            case Vm machine -> {
                machine.entries.clear();
                machine.owner.machines.remove(machine);
            }
            default -> {}
        }
    }

    void leave(GroupDoc group) {
        var left = group.container;
        group.container = null;
        if (left != null) {
            drop(left);
        }
    }

    private void released(DeviceDoc file) {
        if (file.group != null) {
            close(file.node);
            file.group.open--;
            drop(file.group);
        } else if (file.granted) {
            close(file.node);
            file.node.vgroup.blocks--;
        }
    }

    // ---- devices

    void bind(Node node, Ctx ctx, int id) {
        node.ctx = ctx;
        ctx.refs++;
        var bound = new Bound(node);
        node.bound = bound;
        ctx.put(id, bound);
        var group = node.group;
        if (group != null) {
            group.owner = node.claimant();
            group.claims++;
        }
    }

    void close(Node node) {
        if (--node.opens > 0) {
            return;
        }
        for (int pasid : List.copyOf(node.pasids)) {
            detach(node, pasid);
        }
        detach(node, 0);
        node.byFile = false;
        var ctx = node.ctx;
        var bound = node.bound;
        if (ctx == null || bound == null) {
            return;
        }
        ctx.remove(bound);
        node.bound = null;
        node.ctx = null;
        var group = node.group;
        if (group != null && --group.claims == 0) {
            group.owner = null;
        }
        drop(ctx);
    }

    void detach(Node node, int pasid) {
        if (!node.has(pasid)) {
            return;
        }
        node.note(pasid, false);
        procs.forEach(process -> process.revoke(pasid, node));
        var group = node.group;
        if (group == null) {
            if (node.access != null) {
                node.access.accesses.remove(node);
            }
            node.access = null;
            node.killPins(null);
            return;
        }
        var attachment = group.attachments.get(pasid);
        if (attachment == null) {
            throw new IllegalStateException("the model has lost an attachment");
        }
        attachment.nodes.remove(node);
        attachment.hwpt.users--;
        if (attachment.nodes.isEmpty()) {
            group.attachments.remove(pasid);
        }
        attachment.hwpt.ioas.ctx.collect(attachment.hwpt);
    }

    /// It is attached: to what the answer names, which is the target or was made for it.
    void attach(Node node, int pasid, int target, int answer) {
        var ctx = node.ctx;
        if (ctx == null) {
            throw new Broken("attached without being bound");
        }
        if (node.group == null) {
            if (!(ctx.objects.get(target) instanceof Ioas ioas)) {
                throw new Broken("attached to what is no IOAS");
            }
            if (node.access != ioas) {
                if (node.access != null) {
                    node.access.accesses.remove(node);
                    node.killPins(null);
                }
                node.access = ioas;
                ioas.accesses.add(node);
            }
            node.note(pasid, true);
            return;
        }
        put(node.group, node, pasid, table(ctx, target, answer));
        node.note(pasid, true);
    }

    private static Hwpt table(Ctx ctx, int target, int answer) {
        var wanted = ctx.objects.get(target);
        var given = ctx.objects.get(answer);
        if (given == null && wanted instanceof Ioas ioas) {
            var made = new Hwpt(ioas, true, false, false);
            ctx.put(answer, made);
            return made;
        }
        if (given instanceof Hwpt hwpt && (given == wanted || hwpt.automatic && hwpt.ioas == wanted)) {
            return hwpt;
        }
        throw new Broken("attached to " + answer + " instead of " + target);
    }

    private static void put(Group group, Node node, int pasid, Hwpt hwpt) {
        var attachment = group.attachments.get(pasid);
        if (attachment == null) {
            attachment = new Attachment(hwpt);
            group.attachments.put(pasid, attachment);
        }
        if (attachment.nodes.add(node)) {
            if (attachment.hwpt != hwpt) {
                throw new Broken("two tables for one group and PASID");
            }
            hwpt.users++;
            return;
        }
        var old = attachment.hwpt;
        if (old != hwpt) {
            attachment.hwpt = hwpt;
            hwpt.users += attachment.nodes.size();
            old.users -= attachment.nodes.size();
            old.ioas.ctx.collect(old);
        }
    }
}
