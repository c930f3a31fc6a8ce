package io.sluice.vfio.host.iommu;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Devices that can reach one another past the IOMMU, and so are handed out together: one owner, one domain for each
/// PASID. Any thread; calls nobody while it is locked.
///
/// Before anybody owns it, and after, its devices are in the default domain, where the host's own drivers work. While
/// it has an owner, they are in the domain the owner has set, or in the blocking one, and nowhere else for no moment.
public final class IommuGroup {
    private static final Domain BLOCKING = BlockingDomain.INSTANCE;

    private final int id;
    private final List<IommuDevice> members = new ArrayList<>();
    /// What was set, also while it is staged for a reset.
    private final TreeMap<Integer, Domain> pasids = new TreeMap<>();

    private Domain plain = BLOCKING;
    private Domain home = BLOCKING;
    private @Nullable Object owner;
    private int claims;
    private int nativeUsers;
    private boolean staged;

    public IommuGroup(int id) {
        this.id = id;
    }

    public int id() {
        return id;
    }

    public synchronized List<IommuDevice> devices() {
        return List.copyOf(members);
    }

    // ---- ownership

    /// Takes the group, or takes it once more; at the first time its devices go from the default domain to the blocking
    /// one.
    ///
    /// @throws HostException EPERM if it is another's; EBUSY if a host driver uses it, or it is in another domain
    public synchronized void claim(Object owner) {
        if (this.owner != null && !this.owner.equals(owner)) {
            throw new HostException(Errno.EPERM, this + " is another's");
        }
        if (this.owner == null) {
            if (nativeUsers > 0 || isChanged()) {
                throw new HostException(Errno.EBUSY, this + " is in use");
            }
            pass("iommu.claim.blocking");
            this.owner = owner;
            install(BLOCKING);
        }
        claims++;
    }

    /// Gives it back once; at the last time its devices go back to the default domain.
    public synchronized void release(Object owner) {
        if (!owner.equals(this.owner) || claims == 0) {
            throw new IllegalStateException(this + " is released by one who does not own it");
        }
        if (--claims == 0) {
            this.owner = null;
            for (int pasid : List.copyOf(pasids.keySet())) {
                detach(pasid);
            }
            install(home);
        }
    }

    public synchronized @Nullable Object owner() {
        return owner;
    }

    /// A host driver begins to use a device of it, in the default domain.
    ///
    /// @throws HostException EBUSY if it is owned, or not in its default domain
    public synchronized void useNatively() {
        if (owner != null || isChanged()) {
            throw new HostException(Errno.EBUSY, this + " is owned");
        }
        nativeUsers++;
    }

    /// A host driver is done with a device of it.
    public synchronized void dropNative() {
        if (nativeUsers == 0) {
            throw new IllegalStateException("no driver uses " + this);
        }
        nativeUsers--;
    }

    /// The domain in which the host's drivers work; the blocking one if nobody says else.
    ///
    /// @throws HostException EBUSY if it is owned, in use, or not in its default domain
    public synchronized void setDefault(Domain domain) {
        if (owner != null || nativeUsers > 0 || isChanged()) {
            throw new HostException(Errno.EBUSY, this + " is in use");
        }
        change(0, domain);
        home = domain;
    }

    /// Whether the domains are other than those of a group that nobody has touched.
    private boolean isChanged() {
        return staged || !plain.equals(home) || !pasids.isEmpty();
    }

    // ---- domains

    /// The domain of a PASID, or of requests without one if it is 0; the blocking one while it is staged for a reset.
    public synchronized Domain domain(int pasid) {
        return staged ? BLOCKING : remembered(pasid);
    }

    private Domain remembered(int pasid) {
        return pasid == 0 ? plain : pasids.getOrDefault(pasid, BLOCKING);
    }

    private void remember(int pasid, Domain domain) {
        if (pasid == 0) {
            plain = domain;
        } else if (domain.equals(BLOCKING)) {
            pasids.remove(pasid);
        } else {
            pasids.put(pasid, domain);
        }
    }

    /// Sets the domain of all its devices, or leaves all in the old one. With a PASID, of those that send any; the
    /// others are passed over. The blocking domain detaches, which cannot fail. When it returns, no request goes by the
    /// old domain.
    ///
    /// @throws HostException EBUSY while it is staged for a reset, or used by a host driver; EINVAL if the domain does
    ///     not fit one of the devices, or the PASID; EOPNOTSUPP if the IOMMU knows no PASIDs
    public synchronized void set(int pasid, Domain domain) {
        if (domain.equals(BLOCKING)) {
            detach(pasid);
            return;
        }
        if (staged || nativeUsers > 0) {
            throw new HostException(Errno.EBUSY, this + (staged ? " is being reset" : " is used by a driver"));
        }
        change(pasid, domain);
    }

    private void change(int pasid, Domain domain) {
        var targets = targets(pasid);
        for (var device : targets) {
            domain.require(device);
        }
        var old = remembered(pasid);
        int done = 0;
        try {
            for (; done < targets.size(); done++) {
                var device = targets.get(done);
                device.unit().steps().pass(pasid == 0 ? "iommu.set.entry" : "iommu.set_pasid.entry");
                device.install(pasid, domain);
            }
        } catch (HostException refused) {
            for (var device : targets.subList(0, done)) {
                device.install(pasid, old);
            }
            throw refused;
        }
        remember(pasid, domain);
    }

    private void detach(int pasid) {
        for (var device : members) {
            device.install(pasid, BLOCKING);
        }
        remember(pasid, BLOCKING);
    }

    /// Those of its devices that are to be told of a PASID.
    private List<IommuDevice> targets(int pasid) {
        if (pasid == 0) {
            return members;
        }
        if (pasid < 0 || pasid >= 1 << UnitSettings.MOST_PASID_BITS) {
            throw new HostException(Errno.EINVAL, "there is no PASID " + pasid);
        }
        if (members.stream().allMatch(device -> device.unit().settings().pasidBits() == 0)) {
            throw new HostException(Errno.EOPNOTSUPP, "the IOMMU of " + this + " knows no PASIDs");
        }
        var capable = members.stream().filter(device -> device.maxPasids() > 0).toList();
        if (capable.isEmpty() || capable.stream().anyMatch(device -> device.maxPasids() <= pasid)) {
            throw new HostException(Errno.EINVAL, "not all of " + this + " can send PASID " + pasid);
        }
        return capable;
    }

    private void install(Domain domain) {
        plain = domain;
        if (!staged) {
            for (var device : members) {
                device.install(0, domain);
            }
        }
    }

    // ---- reset

    /// Nothing gets through while its devices are reset, and nothing is attached; what was set is remembered.
    ///
    /// @throws HostException EBUSY if it is staged already
    public synchronized void stageReset() {
        if (staged) {
            throw new HostException(Errno.EBUSY, this + " is being reset");
        }
        pass("iommu.stage_reset.blocking");
        staged = true;
        for (var device : members) {
            device.install(0, BLOCKING);
            for (int pasid : pasids.keySet()) {
                device.install(pasid, BLOCKING);
            }
        }
    }

    /// What was set, and has not been detached meanwhile, is in force again.
    public synchronized void endReset() {
        if (!staged) {
            throw new IllegalStateException(this + " is not being reset");
        }
        staged = false;
        for (var device : members) {
            restore(device);
        }
    }

    private void restore(IommuDevice device) {
        device.install(0, plain);
        for (var entry : pasids.entrySet()) {
            // One that came later may send fewer; it is blocked for the rest.
            if (entry.getKey() < device.maxPasids()) {
                device.install(entry.getKey(), entry.getValue());
            }
        }
    }

    // ---- members

    /// @throws HostException EINVAL if the device does not fit the group's domains
    synchronized void join(IommuDevice device) {
        plain.require(device);
        for (var entry : pasids.entrySet()) {
            if (entry.getKey() < device.maxPasids()) {
                entry.getValue().require(device);
            }
        }
        device.unit().steps().pass("iommu.add.entry");
        members.add(device);
        if (!staged) {
            restore(device);
        }
    }

    /// @return whether it was in it
    synchronized boolean leave(IommuDevice device) {
        return members.remove(device);
    }

    private void pass(String step) {
        for (var device : members) {
            device.unit().steps().pass(step);
            return;
        }
    }

    @Override
    public String toString() {
        return "group " + id;
    }
}
