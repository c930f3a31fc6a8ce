package io.sluice.vfio.host.process;

import io.sluice.vmm.address.Pasid;
import java.util.Map;
import java.util.TreeMap;

/// The PASIDs that a process may put into ENQCMD, each as often as something authorises it. It starts with none; a
/// child
/// has none of its parent's, and who executes another program loses them. Any thread.
public final class ProcessPasids {
    /// Hears of a PASID that the process may use no longer, before the call that takes it away returns.
    @FunctionalInterface
    public interface Listener {
        void revoked(Pasid pasid);
    }

    private final Map<Integer, Integer> counts = new TreeMap<>();
    private final java.util.List<Listener> listeners = new java.util.concurrent.CopyOnWriteArrayList<>();

    ProcessPasids() {}

    /// Authorises the process once more.
    public synchronized void authorize(Pasid pasid) {
        counts.merge(pasid.value(), 1, Integer::sum);
    }

    /// Takes one authorisation back.
    public void revoke(Pasid pasid) {
        synchronized (this) {
            Integer count = counts.get(pasid.value());
            if (count == null) {
                return;
            }
            if (count > 1) {
                counts.put(pasid.value(), count - 1);
                return;
            }
            counts.remove(pasid.value());
        }
        tell(pasid);
    }

    /// Takes all of them back.
    void clear() {
        java.util.List<Integer> all;
        synchronized (this) {
            all = java.util.List.copyOf(counts.keySet());
            counts.clear();
        }
        all.forEach(value -> tell(new Pasid(value)));
    }

    private void tell(Pasid pasid) {
        listeners.forEach(listener -> listener.revoked(pasid));
    }

    public synchronized boolean isAuthorized(Pasid pasid) {
        return counts.containsKey(pasid.value());
    }

    public void listen(Listener listener) {
        listeners.add(listener);
    }

    public void ignore(Listener listener) {
        listeners.remove(listener);
    }
}
