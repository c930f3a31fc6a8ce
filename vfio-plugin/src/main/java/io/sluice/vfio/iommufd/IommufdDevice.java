package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EBUSY;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.ENOENT;
import static io.sluice.vfio.host.Errno.EOPNOTSUPP;
import static io.sluice.vfio.host.Errno.EPERM;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.iommu.DomainOptions;
import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.host.iommu.PageRequestGroup;
import io.sluice.vfio.iommufd.ioas.IovaRange;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// A device that is bound to a context: its group belongs to the context, and it is blocked, or attached to tables of
/// the context, and nothing else. Holds the context's file. Any thread.
public final class IommufdDevice extends IommuObject {
    private final Iommufd context;
    private final IommuDevice iommu;
    private final GroupState group;

    /// Where page requests go, by PASID. Read by the device's own thread.
    private final Map<Integer, Hwpt> routes = new ConcurrentHashMap<>();

    /// What a guest calls it; null if no VIOMMU has it.
    @Nullable
    Vdevice vdevice;

    private IommufdDevice(Iommufd context, IommuDevice iommu, GroupState group) {
        this.context = context;
        this.iommu = iommu;
        this.group = group;
        // Nobody but its driver destroys it.
        users = 2;
    }

    /// Binds a device to a context, for the one who presents the files of both.
    ///
    /// @throws HostException EINVAL if its DMA is not coherent and cannot be made so, EPERM if its IOMMU does not keep
    ///     interrupts apart or its group is another's, EBUSY if a driver of the host uses the group
    public static IommufdDevice bind(Iommufd context, IommuDevice iommu) {
        if (!iommu.traits().coherent() && !iommu.unit().settings().enforcesCoherency()) {
            throw new HostException(EINVAL, "DMA of " + iommu + " is not coherent");
        }
        if (!iommu.unit().settings().interruptRemapping() && !context.node().allowsUnsafeInterrupts()) {
            throw new HostException(EPERM, "interrupts of " + iommu + " are not kept apart");
        }
        context.retain();
        try {
            synchronized (context.lock) {
                iommu.group().claim(owner(context, iommu));
                return publish(context, iommu);
            }
        } catch (HostException e) {
            context.drop();
            throw e;
        }
    }

    private static IommufdDevice publish(Iommufd context, IommuDevice iommu) {
        try {
            int id = context.objects.reserve();
            try {
                context.steps().pass("iommufd.bind.object");
            } catch (HostException e) {
                context.objects.abandon(id);
                throw e;
            }
            var device = new IommufdDevice(context, iommu, context.groups.join(iommu.group()));
            context.objects.publish(id, device);
            return device;
        } catch (HostException e) {
            iommu.group().release(owner(context, iommu));
            throw e;
        }
    }

    /// Who owns its group: the context; or, if several contexts have PASIDs of it and none more, the device itself.
    private static Object owner(Iommufd context, IommuDevice iommu) {
        return iommu.isShared() ? iommu : context;
    }

    /// Its id in the context.
    public int id() {
        return id;
    }

    public Iommufd context() {
        return context;
    }

    public IommuDevice iommu() {
        return iommu;
    }

    Steps steps() {
        return context.steps();
    }

    // ---- attach, replace, detach

    /// Attaches it to a table, or to an IOAS by a table that fits.
    ///
    /// @param pasid 0 for requests without one
    /// @return the id of the table
    /// @throws HostException ENOENT without such an object, EINVAL if it is of another kind or does not fit, EBUSY if
    /// it
    ///     is attached by that PASID already or is being reset, EADDRINUSE if something is mapped at a reserved
    /// address;
    ///     then nothing changed
    public int attach(int pasid, int ptId) {
        return context.locked(() -> attachNow(pasid, ptId));
    }

    private int attachNow(int pasid, int ptId) {
        requirePasid(pasid);
        return put(pasid, ptId, (hwpt, at) -> group.attach(this, at, hwpt));
    }

    /// Attaches it, without a PASID, to the IOAS that stands for a container of vfio's.
    ///
    /// @throws HostException ENODEV without such an IOAS, and as [#attach]
    public int attachCompat() {
        return context.locked(() -> attachNow(GroupState.NO_PASID, context.requireCompat().id));
    }

    /// Moves it, and all that are attached with it, from the table that they are on to another, without a moment
    /// between.
    ///
    /// @throws HostException EINVAL if it is not attached, and as [#attach]; then all are where they were
    public int replace(int pasid, int ptId) {
        return context.locked(() -> {
            requirePasid(pasid);
            return put(pasid, ptId, (hwpt, at) -> collect(group.replace(this, at, hwpt)));
        });
    }

    /// Takes it off the table that it is on, if it is on one. When it returns, nothing gets through.
    public void detach(int pasid) {
        context.locked(() -> {
            collect(group.detach(this, pasid));
            return 0;
        });
    }

    /// The id of the table that it is attached to; 0 if it is attached to none.
    public int attachedTo(int pasid) {
        synchronized (context.lock) {
            var hwpt = group.attached(this, pasid);
            return hwpt == null ? 0 : hwpt.id;
        }
    }

    private void requirePasid(int pasid) {
        if (pasid == GroupState.NO_PASID && iommu.isShared()) {
            throw new HostException(EOPNOTSUPP, this + " is shared, and attached by PASIDs only");
        }
        if (pasid == GroupState.NO_PASID) {
            return;
        }
        if (iommu.traits().pasidBits() > 0 && iommu.unit().settings().pasidBits() == 0) {
            throw new HostException(EOPNOTSUPP, "the IOMMU of " + this + " knows no PASIDs");
        }
        if (pasid < 0 || pasid >= iommu.maxPasids()) {
            throw new HostException(EINVAL, this + " cannot send PASID " + pasid);
        }
    }

    private int put(int pasid, int ptId, BiConsumer<Hwpt, Integer> action) {
        var target = context.objects.find(ptId);
        return switch (target) {
            case null -> throw new HostException(ENOENT, "object " + ptId);
            case Hwpt hwpt -> {
                action.accept(hwpt, pasid);
                yield hwpt.id;
            }
            case Ioas ioas -> putAutomatically(ioas, pasid, action);
            default -> throw new HostException(EINVAL, target + " is no page table");
        };
    }

    /// Tries the tables that were made for devices like this, and makes another if none fits. Tables that somebody
    /// asked for are never taken.
    private int putAutomatically(Ioas ioas, int pasid, BiConsumer<Hwpt, Integer> action) {
        for (var hwpt : List.copyOf(ioas.hwpts)) {
            if (hwpt.automatic && takes(hwpt, pasid, action)) {
                return hwpt.id;
            }
        }
        var hwpt = HwptPaging.create(context, ioas, this, DomainOptions.PLAIN, true, null);
        try {
            action.accept(hwpt, pasid);
        } catch (HostException e) {
            context.objects.remove(hwpt);
            throw e;
        }
        return hwpt.id;
    }

    private static boolean takes(HwptPaging hwpt, int pasid, BiConsumer<Hwpt, Integer> action) {
        try {
            action.accept(hwpt, pasid);
            return true;
        } catch (HostException e) {
            if (e.errno() == EINVAL) {
                return false;
            }
            throw e;
        }
    }

    /// A table that was made for devices goes with the last of them.
    private void collect(@Nullable Hwpt left) {
        if (left instanceof HwptPaging hwpt && hwpt.automatic && hwpt.users == 1) {
            context.objects.remove(hwpt);
        }
    }

    /// Lets the context go: detached from everything, and the group given back if it was the last of it. A virtual
    /// device of a guest goes too, and its id stays taken.
    public void unbind() {
        context.locked(() -> {
            for (int pasid : group.pasids(this).reversed()) {
                collect(group.detach(this, pasid));
            }
            if (vdevice != null) {
                context.objects.bury(vdevice);
            }
            users--;
            context.objects.remove(this);
            return 0;
        });
        context.drop();
    }

    @Override
    void destroyed() {
        context.groups.leave(group);
        iommu.group().release(owner(context, iommu));
    }

    // ---- for its group

    /// Of a shared device, a PASID is one context's at a time.
    ///
    /// @throws HostException EBUSY if it is another's
    void takePasid(int pasid) {
        if (iommu.isShared() && !iommu.takePasid(pasid, context)) {
            throw new HostException(EBUSY, "PASID " + pasid + " of " + iommu + " is another's");
        }
    }

    void givePasid(int pasid) {
        iommu.givePasid(pasid, context);
    }

    boolean asksForPages() {
        return iommu.traits().ats()
                && iommu.traits().pri()
                && iommu.unit().settings().pageRequests();
    }

    List<IovaRange> reserved() {
        return GroupState.reservedOf(iommu);
    }

    boolean isIn(Viommu viommu) {
        return vdevice != null && vdevice.viommu() == viommu;
    }

    /// Page requests go to the queue of the table that it is to be put on, if that has one.
    ///
    /// @throws HostException then they go where they went
    void route(int pasid, Hwpt to) {
        if (to.faults == null) {
            return;
        }
        if (!routes.containsKey(pasid)) {
            iommu.onPageRequests(pasid, group -> requested(pasid, group));
        }
        routes.put(pasid, to);
    }

    /// It is on a table, or on none; page requests go there, or are refused if there is no queue.
    void settleRoute(int pasid, @Nullable Hwpt on) {
        if (on != null && on.faults != null) {
            routes.put(pasid, on);
        } else if (routes.remove(pasid) != null) {
            iommu.onPageRequests(pasid, null);
        }
    }

    private void requested(int pasid, PageRequestGroup group) {
        var hwpt = routes.get(pasid);
        if (hwpt == null || hwpt.faults == null) {
            group.respond(PageRequestGroup.Response.INVALID);
        } else {
            hwpt.faults.requested(this, hwpt, group);
        }
    }

    /// What it has asked for by a table that it is not on any more is refused.
    void orphan(int pasid, Hwpt hwpt) {
        if (hwpt.faults != null) {
            context.later(hwpt.faults.takeOf(this, pasid, hwpt));
        }
    }

    @Override
    String kind() {
        return "device";
    }

    @Override
    public String toString() {
        return "device " + id + " (" + iommu + ")";
    }
}
