package io.sluice.vfio.invariants;

import static io.sluice.vfio.host.Errno.EBUSY;

import io.sluice.vfio.invariants.Calls.Open;
import io.sluice.vfio.invariants.Devices.Node;
import io.sluice.vfio.invariants.Devices.Pin;
import io.sluice.vfio.invariants.Files.DeviceDoc;
import io.sluice.vfio.invariants.Files.Doc;
import io.sluice.vfio.invariants.Files.GroupDoc;
import io.sluice.vfio.invariants.Files.Proc;
import io.sluice.vfio.invariants.Spaces.Ctx;
import io.sluice.vfio.invariants.Spaces.Hwpt;
import io.sluice.vfio.invariants.Spaces.Ioas;
import io.sluice.vfio.invariants.Spaces.Obj;
import io.sluice.vfio.mdev.MdevPin;
import io.sluice.vfio.vfio.DeviceRequests;
import io.sluice.vfio.vfio.GroupRequests;
import java.util.HashSet;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Requests to files of vfio: devices and groups.
final class DeviceCalls {
    private static final int MOST_PINS = 8;

    private final Calls calls;
    private final Model model;
    private final SpaceCalls spaces;
    private final HostCalls host;

    DeviceCalls(Calls calls, SpaceCalls spaces, HostCalls host) {
        this.calls = calls;
        this.model = calls.model;
        this.spaces = spaces;
        this.host = host;
    }

    private static boolean isFree(Node node) {
        return !node.going && node.opens == 0 && node.vgroup.file == null;
    }

    // ---- by a file of its own

    void open(Proc process) {
        var node = calls.aim(model.nodes, DeviceCalls::isFree);
        if (node == null || node.going) {
            return;
        }
        var path = node.real.path();
        if (calls.call(Action.OPEN, process.real + " " + path, Verdict.YES, () -> process.real.open(path))) {
            process.files.put((int) calls.answer, new DeviceDoc(node, null));
        }
    }

    void bind(Proc process) {
        var at = calls.aim(process, DeviceDoc.class, file -> !file.granted && isFree(file.node));
        var presented = calls.odds(20)
                ? calls.aim(process, Doc.class, doc -> true)
                : calls.aim(process, Ctx.class, ctx -> ctx.has(SpaceCalls::isSpace));
        if (at == null || presented == null) {
            return;
        }
        var file = at.doc();
        var request = new DeviceRequests.BindIommufd(presented.fd());
        if (calls.ask(Action.BIND, process, at.fd(), request, Judge.bind(file, presented.doc()))
                && presented.doc() instanceof Ctx ctx) {
            file.granted = true;
            file.node.vgroup.blocks++;
            file.node.opens++;
            file.node.byFile = true;
            file.node.openedBadly = calls.armed;
            model.bind(file.node, ctx, (int) calls.answer);
        }
    }

    /// Bound by its own file, so that it may be attached.
    private static boolean isBound(DeviceDoc file) {
        return file.granted && file.group == null;
    }

    void attach(Proc process) {
        var at = calls.aim(process, DeviceDoc.class, file -> isBound(file) && file.node.takesRid);
        if (at != null) {
            attach(process, at, 0, 0, calls.odds(2) ? DeviceCalls::takesPasids : SpaceCalls::isSpace);
        }
    }

    void attachPasid(Proc process) {
        var at = calls.aim(process, DeviceDoc.class, file -> isBound(file) && file.node.takesPasids);
        if (at != null) {
            int pasid = calls.random.nextInt(calls.odds(24) ? 1 << 21 : Auditor.PASIDS);
            attach(process, at, DeviceRequests.ATTACH_PASID, pasid, DeviceCalls::takesPasids);
        }
    }

    private static boolean takesPasids(Obj object) {
        return object instanceof Hwpt hwpt && hwpt.pasids;
    }

    private void attach(Proc process, Open<DeviceDoc> at, int flags, int pasid, Predicate<Obj> fits) {
        var node = at.doc().node;
        var ctx = node.ctx == null ? calls.any(model.contexts) : node.ctx;
        int target = ctx == null ? 1 : spaces.id(ctx, fits);
        var verdict = Judge.attach(model, at.doc(), flags != 0, pasid, target);
        var request = new DeviceRequests.AttachIommufdPt(flags, target, pasid);
        if (calls.ask(flags == 0 ? Action.ATTACH : Action.ATTACH_PASID, process, at.fd(), request, verdict)) {
            model.attach(node, pasid, target, (int) calls.answer);
            if (pasid != 0) {
                process.grants.computeIfAbsent(pasid, key -> new HashSet<>()).add(node);
            }
        }
    }

    void detach(Proc process) {
        var at = calls.aim(process, DeviceDoc.class, file -> isBound(file) && file.node.attached);
        if (at != null) {
            detach(process, at, 0, 0);
        }
    }

    void detachPasid(Proc process) {
        var at = calls.aim(process, DeviceDoc.class, file -> isBound(file) && !file.node.pasids.isEmpty());
        if (at != null) {
            var mine = calls.odds(4) ? null : calls.any(at.doc().node.pasids);
            int pasid = mine == null ? calls.random.nextInt(Auditor.PASIDS) : mine;
            detach(process, at, DeviceRequests.ATTACH_PASID, pasid);
        }
    }

    private void detach(Proc process, Open<DeviceDoc> at, int flags, int pasid) {
        var verdict = Judge.mayAttach(at.doc(), flags != 0, pasid);
        var request = new DeviceRequests.DetachIommufdPt(flags, pasid);
        if (calls.ask(flags == 0 ? Action.DETACH : Action.DETACH_PASID, process, at.fd(), request, verdict)) {
            model.detach(at.doc().node, pasid);
        }
    }

    void reset(Proc process) {
        var at = calls.aim(process, DeviceDoc.class, file -> file.granted);
        if (at != null) {
            var verdict = Judge.reset(at.doc(), host.function(at.doc().node));
            calls.ask(Action.RESET, process, at.fd(), new DeviceRequests.Reset(), verdict);
        }
    }

    void resetHot(Proc process) {
        var at = calls.aim(process, DeviceDoc.class, file -> isBound(file) && host.function(file.node) != null);
        if (at != null) {
            var verdict = Judge.hotReset(model, calls.world, at.doc(), host.function(at.doc().node));
            calls.ask(Action.HOT_RESET, process, at.fd(), new DeviceRequests.HotReset(0, List.of()), verdict);
        }
    }

    // ---- by its group

    void openGroup(Proc process) {
        var node = calls.aim(model.nodes, each -> isFree(each) && each.vgroup.blocks == 0);
        if (node == null || node.going) {
            return;
        }
        var group = node.vgroup;
        var verdict = group.file != null || group.blocks > 0 ? Verdict.no(EBUSY) : Verdict.YES;
        var path = group.real.path();
        if (calls.call(Action.OPEN_GROUP, process.real + " " + path, verdict, () -> process.real.open(path))) {
            var doc = new GroupDoc(group);
            group.file = doc;
            process.files.put((int) calls.answer, doc);
        }
    }

    void setContainer(Proc process) {
        var at = calls.aim(process, GroupDoc.class, file -> file.container == null);
        var presented = calls.odds(16)
                ? calls.aim(process, Doc.class, doc -> true)
                : calls.aim(process, Ctx.class, ctx -> ctx.has(SpaceCalls::isSpace));
        if (at == null || presented == null) {
            return;
        }
        var request = new GroupRequests.SetContainer(presented.fd());
        var verdict = Judge.setContainer(at.doc(), presented.doc());
        if (calls.ask(Action.SET_CONTAINER, process, at.fd(), request, verdict) && presented.doc() instanceof Ctx ctx) {
            ctx.refs++;
            at.doc().container = ctx;
            if (ctx.compat == null) {
                ctx.compat = new Ioas(ctx);
                ctx.put(ctx.lowestFree(), ctx.compat);
            }
        }
    }

    void unsetContainer(Proc process) {
        var at = calls.aim(process, GroupDoc.class, file -> file.container != null && file.open == 0);
        if (at != null
                && calls.ask(
                        Action.UNSET_CONTAINER,
                        process,
                        at.fd(),
                        new GroupRequests.UnsetContainer(),
                        Judge.unsetContainer(at.doc()))) {
            model.leave(at.doc());
        }
    }

    void openByGroup(Proc process) {
        var at = calls.aim(process, GroupDoc.class, file -> file.container != null);
        if (at == null) {
            return;
        }
        var file = at.doc();
        var node = calls.any(calls.odds(10) ? model.nodes : file.vgroup.members);
        if (node == null) {
            return;
        }
        var name = node.real.name();
        var member = file.vgroup.members.stream()
                .filter(each -> each.real.name().equals(name))
                .findFirst()
                .orElse(null);
        var request = new GroupRequests.GetDeviceFd(name);
        if (!calls.ask(Action.GET_DEVICE, process, at.fd(), request, Judge.openByGroup(file, member))
                || member == null
                || file.container == null) {
            return;
        }
        file.refs++;
        file.open++;
        member.opens++;
        process.files.put((int) calls.answer, new DeviceDoc(member, file));
        if (member.opens == 1) {
            member.openedBadly = calls.armed;
            bindByGroup(member, file.container);
        }
    }

    /// The answer is a descriptor: ids are those that the context gives next.
    private void bindByGroup(Node node, Ctx ctx) {
        model.bind(node, ctx, ctx.lowestFree());
        if (ctx.compat == null) {
            throw new Broken("opened without an IOAS that stands for the container");
        }
        int ioas = ctx.idOf(ctx.compat);
        var made = ctx.automatic(ctx.compat);
        int table = node.group == null ? ioas : made == null ? ctx.lowestFree() : ctx.idOf(made);
        model.attach(node, 0, ioas, table);
    }

    // ---- what instances pin

    void pin() {
        var node = calls.aim(model.nodes, each -> each.access != null && !each.access.areas.isEmpty());
        if (node == null || node.dma == null || node.iommu != null) {
            return;
        }
        var dma = node.dma;
        if (node.pins.size() >= MOST_PINS) {
            unpin();
            return;
        }
        long iova = calls.storm.page(model.areas(node, 0));
        boolean write = calls.odds(2);
        var made = new @Nullable MdevPin[1];
        var what = node.real + " 0x" + Long.toHexString(iova) + (write ? " to write" : "");
        if (calls.call(Action.PIN, what, Judge.pin(node, iova, write), () -> {
            made[0] = dma.pin(iova, Model.PAGE, write);
            return 0;
        })) {
            var area = node.access == null ? null : node.access.at(iova);
            var pin = made[0];
            if (area == null || pin == null) {
                throw new Broken("pinned what is not there");
            }
            node.pins.add(new Pin(pin, area, write));
        }
    }

    void unpin() {
        var node = calls.aim(model.nodes, each -> !each.pins.isEmpty());
        var pin = node == null ? null : calls.any(node.pins);
        if (node != null && pin != null) {
            node.pins.remove(pin);
            calls.quietly(Action.UNPIN, node.real, pin.real::close);
        }
    }
}
