package io.sluice.vfio.host.process;

import io.sluice.vmm.address.Pasid;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/// The PASIDs that a process may put into ENQCMD, each as long as one grant of it holds. It starts with none; a child
/// has none of its parent's, and who executes another program loses them. Any thread.
public final class ProcessPasids {
    /// Hears of a PASID that the process may use no longer, before the call that takes it away returns.
    @FunctionalInterface
    public interface Listener {
        void revoked(Pasid pasid);
    }

    /// One authorisation. It holds until it is taken back, or until the process loses all that it has; what others
    /// grant
    /// afterwards is not its concern.
    public final class Grant {
        private final Pasid pasid;

        private Grant(Pasid pasid) {
            this.pasid = pasid;
        }

        public boolean holds() {
            synchronized (ProcessPasids.this) {
                var all = grants.get(pasid.value());
                return all != null && all.contains(this);
            }
        }

        /// Takes it back; if it holds no more, nothing happens.
        public void revoke() {
            synchronized (ProcessPasids.this) {
                var all = grants.get(pasid.value());
                if (all == null || !all.remove(this) || !all.isEmpty()) {
                    return;
                }
                grants.remove(pasid.value());
            }
            tell(pasid);
        }
    }

    /// None of them is empty.
    private final Map<Integer, Set<Grant>> grants = new TreeMap<>();

    private final List<Listener> listeners = new CopyOnWriteArrayList<>();

    ProcessPasids() {}

    /// Authorises the process once more.
    public synchronized Grant authorize(Pasid pasid) {
        var grant = new Grant(pasid);
        grants.computeIfAbsent(pasid.value(), value -> new HashSet<>()).add(grant);
        return grant;
    }

    /// Takes all of them back.
    void clear() {
        List<Integer> all;
        synchronized (this) {
            all = List.copyOf(grants.keySet());
            grants.clear();
        }
        all.forEach(value -> tell(new Pasid(value)));
    }

    private void tell(Pasid pasid) {
        listeners.forEach(listener -> listener.revoked(pasid));
    }

    public synchronized boolean isAuthorized(Pasid pasid) {
        return grants.containsKey(pasid.value());
    }

    public void listen(Listener listener) {
        listeners.add(listener);
    }

    public void ignore(Listener listener) {
        listeners.remove(listener);
    }
}
