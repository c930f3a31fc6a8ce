package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.ProcessPasids;
import io.sluice.vmm.address.Pasid;
import io.sluice.vmm.loop.Strand;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// One device that vfio has: as long as its driver is bound, and then until its last user is gone. Any thread; what it
/// keeps is guarded by its device set.
public final class VfioNode {
    /// Begins what lasts as long as the device is open: binds it, for one.
    @FunctionalInterface
    interface Opening {
        @Nullable
        IommuBinding bind(VfioNode node);
    }

    /// How it gets onto a page table; answers which.
    @FunctionalInterface
    private interface Attaching {
        int put(IommuBinding bound, boolean replace);
    }

    private final VfioHost host;
    private final String name;
    private final int number;
    private final VfioDeviceOps ops;
    private final VfioDevice device;
    private final DeviceSet set;
    private final VfioGroup group;

    private int opens;
    private boolean byFile;
    private boolean going;
    private @Nullable Runnable whenGone;
    private volatile @Nullable IommuBinding binding;
    /// What was attached through this device, by which a second attach is a replacement and a close detaches all.
    private boolean attached;

    private final TreeSet<Integer> pasids = new TreeSet<>();

    /// Who has attached each PASID, and so may put it into ENQCMD.
    private final Map<Integer, Map<Process, ProcessPasids.Grant>> submitters = new HashMap<>();

    VfioNode(VfioHost host, String name, int number, VfioDevice device, DeviceSet set, VfioGroup group) {
        this.host = host;
        this.name = name;
        this.number = number;
        this.ops = device.ops();
        this.device = device;
        this.set = set;
        this.group = group;
    }

    /// As its driver calls it: `0000:01:00.0`, or the UUID of an mdev.
    public String name() {
        return name;
    }

    /// Its device node is `/dev/vfio/devices/vfioN`.
    public int number() {
        return number;
    }

    /// Its device node.
    public String path() {
        return VfioHost.DEVICES + number;
    }

    public VfioGroup group() {
        return group;
    }

    public VfioDevice device() {
        return device;
    }

    public VfioDeviceOps ops() {
        return ops;
    }

    public Strand strand() {
        return device.strand();
    }

    public @Nullable IommuDevice iommu() {
        return ops.iommu();
    }

    VfioHost host() {
        return host;
    }

    DeviceSet set() {
        return set;
    }

    // ---- open and close; the caller has the set's lock

    /// Opens it, for the first user only.
    ///
    /// @param file whether a device file of its own does; only one can, and no other way to open it then
    /// @throws HostException ENODEV if it is going, EINVAL or EBUSY if it is open in a way that excludes this one, or
    ///     why it cannot be
    void open(boolean file, Opening opening) {
        if (going) {
            throw new HostException(Errno.ENODEV, name + " is going");
        }
        if (opens > 0 && file) {
            throw new HostException(Errno.EINVAL, name + " is open");
        }
        if (opens > 0 && byFile) {
            throw new HostException(Errno.EBUSY, name + " is open by its device file");
        }
        if (opens == 0) {
            openFirst(opening);
            byFile = file;
        }
        opens++;
    }

    private void openFirst(Opening opening) {
        var bound = opening.bind(this);
        try {
            host.kernel().steps().pass("vfio.open.device");
            Inside.run(strand(), device::opened);
        } catch (HostException e) {
            if (bound != null) {
                bound.unbind();
            }
            throw e;
        }
        binding = bound;
    }

    /// One user less. With the last, DMA is blocked first, then the device is closed, then it leaves its iommufd.
    void close() {
        opens--;
        if (opens > 0) {
            return;
        }
        detachAll();
        strand().call(device::release);
        var bound = binding;
        if (bound != null) {
            binding = null;
            bound.unbind();
        }
        byFile = false;
    }

    private void detachAll() {
        while (!pasids.isEmpty()) {
            detach(pasids.first());
        }
        detach(0);
    }

    boolean isOpen() {
        return opens > 0;
    }

    @Nullable
    IommuBinding binding() {
        return binding;
    }

    // ---- attach; the caller has the set's lock

    /// Attaches, or replaces what is attached.
    ///
    /// @param pasid 0 for requests without one
    /// @param caller who may use the PASID from now on
    /// @throws HostException EINVAL if it is not bound, EOPNOTSUPP if it cannot be attached so, or what iommufd says
    int attach(int pasid, int ptId, Process caller) {
        int used = attach(pasid, (bound, replace) -> bound.attach(pasid, ptId, replace));
        if (pasid != 0) {
            authorize(new Pasid(pasid), caller);
        }
        return used;
    }

    /// Attaches what a group has opened to the IOAS that stands for its container.
    ///
    /// @throws HostException ENODEV without such an IOAS, and as the other
    void attachCompat() {
        attach(0, (bound, replace) -> bound.attachCompat());
    }

    private int attach(int pasid, Attaching attaching) {
        var bound = requireBinding();
        if (pasid == 0 ? !ops.takesRequester() : !ops.takesPasids()) {
            throw new HostException(
                    Errno.EOPNOTSUPP, name + " cannot be attached " + (pasid == 0 ? "whole" : "by PASIDs"));
        }
        host.kernel().steps().pass("vfio.attach.entry");
        boolean replace = pasid == 0 ? attached : pasids.contains(pasid);
        int used = attaching.put(bound, replace);
        if (!replace) {
            try {
                Inside.run(strand(), () -> ops.attached(pasid));
            } catch (HostException e) {
                bound.detach(pasid);
                throw e;
            }
            note(pasid, true);
        }
        return used;
    }

    /// A process that has become another program has lost what it had, and gets it again.
    private void authorize(Pasid pasid, Process caller) {
        submitters
                .computeIfAbsent(pasid.value(), key -> new HashMap<>())
                .compute(
                        caller,
                        (process, grant) -> grant != null && grant.holds()
                                ? grant
                                : process.pasids().authorize(pasid));
    }

    /// Nobody puts the PASID into ENQCMD any more, and no command with it is under way: before the device's own list
    /// forgets it.
    private void silence(int pasid) {
        var all = submitters.remove(pasid);
        if (all != null) {
            all.values().forEach(ProcessPasids.Grant::revoke);
        }
    }

    private void note(int pasid, boolean on) {
        if (pasid == 0) {
            attached = on;
        } else if (on) {
            pasids.add(pasid);
        } else {
            pasids.remove(pasid);
        }
    }

    private IommuBinding requireBinding() {
        var bound = binding;
        if (bound == null) {
            throw new HostException(Errno.EINVAL, name + " is not bound");
        }
        return bound;
    }

    /// Detaches; DMA is blocked when it returns. What is not attached stays so.
    void detach(int pasid) {
        if (pasid == 0 ? !attached : !pasids.contains(pasid)) {
            return;
        }
        silence(pasid);
        strand().call(() -> ops.detached(pasid));
        requireBinding().detach(pasid);
        note(pasid, false);
    }

    /// The PASIDs that were attached through this device, and 0 if its requester id is.
    public SortedSet<Integer> authorized() {
        synchronized (set) {
            var all = new TreeSet<>(pasids);
            if (attached) {
                all.add(0);
            }
            return all;
        }
    }

    // ---- in this process

    /// Opens the device without a file, for a machine that reaches no memory by it but what its driver gives it. Ends
    /// with [#closeDirectly].
    ///
    /// @throws HostException EBUSY if it is open, ENODEV if it is going
    public VfioDevice openDirectly() {
        group.blockFile();
        try {
            synchronized (set) {
                if (isOpen() && !going) {
                    throw new HostException(Errno.EBUSY, name + " is open");
                }
                open(false, node -> null);
            }
        } catch (HostException e) {
            group.unblockFile();
            throw e;
        }
        return device;
    }

    public void closeDirectly() {
        synchronized (set) {
            close();
        }
        group.unblockFile();
        settle();
    }

    // ---- going

    /// Its driver lets go of it: nobody opens it any more, and its user is asked for it. Does not wait.
    ///
    /// @param then runs once nobody has it open, which may be at once
    /// @return whether that is so already
    /// @throws HostException EAGAIN if it is going already, EDEADLOCK from inside the device
    public boolean unregister(Runnable then) {
        Inside.requireOutside(strand());
        synchronized (set) {
            if (going) {
                throw new HostException(Errno.EAGAIN, name + " is going");
            }
            going = true;
            whenGone = then;
        }
        host.remove(this);
        if (settle()) {
            return true;
        }
        request();
        return false;
    }

    /// Asks its user for it (interrupt REQ); the host does so again and again while it wants the device back.
    ///
    /// @return whether the user listens for that
    public boolean request() {
        return Inside.of(strand(), device::request);
    }

    public boolean isGoing() {
        synchronized (set) {
            return going;
        }
    }

    /// Whether somebody has it open.
    public boolean isInUse() {
        synchronized (set) {
            return isOpen();
        }
    }

    /// What waits for its last user is done, without any lock, if he is gone.
    boolean settle() {
        Runnable then;
        synchronized (set) {
            if (!going || isOpen()) {
                return false;
            }
            then = whenGone;
            whenGone = null;
        }
        if (then != null) {
            then.run();
        }
        return true;
    }

    @Override
    public String toString() {
        return name;
    }
}
