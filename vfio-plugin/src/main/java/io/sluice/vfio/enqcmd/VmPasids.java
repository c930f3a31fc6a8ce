package io.sluice.vfio.enqcmd;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.ProcessPasids;
import io.sluice.vmm.address.Pasid;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;

/// The PASIDs of one machine: which of its process' PASIDs each PASID of its guest stands for. Any thread; vCPUs read
/// by
/// an [EnqcmdUnit] each.
public final class VmPasids implements AutoCloseable {
    private final ProcessPasids authorized;
    private final Steps steps;
    private final PasidDirectory directory = new PasidDirectory();
    /// The guest's PASIDs of each of the host's.
    private final Map<Integer, TreeSet<Integer>> guests = new TreeMap<>();
    private final List<EnqcmdUnit> units = new CopyOnWriteArrayList<>();
    private final ProcessPasids.Listener listener = this::revoked;
    private boolean closed;

    /// @param process whose machine it is: the guest may never more
    public VmPasids(Process process) {
        this.authorized = process.pasids();
        this.steps = process.kernel().steps();
        authorized.listen(listener);
    }

    /// What a new vCPU has of it.
    public EnqcmdUnit newUnit() {
        var unit = new EnqcmdUnit(this, directory);
        units.add(unit);
        return unit;
    }

    void forget(EnqcmdUnit unit) {
        units.remove(unit);
    }

    /// Lets a PASID of the guest stand for one of the process'.
    ///
    /// @throws HostException EINVAL for more than 20 bits; EPERM if the process may not use it; EEXIST if the guest's
    ///     stands for another
    public void map(int guest, Pasid host) {
        require(guest);
        synchronized (this) {
            if (closed) {
                throw new HostException(Errno.ENODEV, "the machine is gone");
            }
            requireAuthorized(host);
            int old = directory.find(guest);
            if (old != PasidDirectory.MISS) {
                if (old != host.value()) {
                    throw new HostException(Errno.EEXIST, "guest PASID " + guest + " stands for " + old);
                }
                return;
            }
            steps.pass("enqcmd.map.entry");
            directory.reserve(guest);
            guests.computeIfAbsent(host.value(), value -> new TreeSet<>()).add(guest);
            directory.set(guest, host.value());
        }
        // Who revokes takes it out of the process' list first and looks here afterwards.
        if (!authorized.isAuthorized(host)) {
            revoked(host);
            requireAuthorized(host);
        }
    }

    private void requireAuthorized(Pasid host) {
        if (!authorized.isAuthorized(host)) {
            throw new HostException(Errno.EPERM, "the process may not use PASID " + host.value());
        }
    }

    private static void require(int guest) {
        if (guest < 0 || guest >= PasidDirectory.GUEST_PASIDS) {
            throw new HostException(Errno.EINVAL, "a PASID has 20 bits: " + guest);
        }
    }

    /// Takes an entry away. When it returns, no command goes by it, and none that went by it is under way.
    ///
    /// @throws HostException EINVAL for more than 20 bits, ENOENT if it is not there
    public void unmap(int guest) {
        require(guest);
        synchronized (this) {
            int host = directory.find(guest);
            if (host == PasidDirectory.MISS) {
                throw new HostException(Errno.ENOENT, "guest PASID " + guest);
            }
            var all = guests.get(host);
            if (all != null) {
                all.remove(guest);
                if (all.isEmpty()) {
                    guests.remove(host);
                }
            }
            directory.clear(guest);
        }
        fence();
    }

    /// The process may not use a PASID any more, so neither may the guest.
    private void revoked(Pasid host) {
        synchronized (this) {
            var all = guests.remove(host.value());
            if (all == null) {
                return;
            }
            all.forEach(directory::clear);
        }
        fence();
    }

    private void fence() {
        for (var unit : units) {
            unit.awaitQuiet();
        }
    }

    /// The host's PASID that a guest's stands for, or [EnqcmdUnit#MISS].
    public int find(int guest) {
        return directory.find(guest);
    }

    /// How many entries there are.
    public synchronized int size() {
        return guests.values().stream().mapToInt(TreeSet::size).sum();
    }

    /// The machine is gone: no entry is left, and no command under way.
    @Override
    public void close() {
        authorized.ignore(listener);
        synchronized (this) {
            closed = true;
            guests.values().forEach(all -> all.forEach(directory::clear));
            guests.clear();
        }
        fence();
    }
}
