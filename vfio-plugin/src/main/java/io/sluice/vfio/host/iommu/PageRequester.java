package io.sluice.vfio.host.iommu;

import io.sluice.vfio.host.iommu.PageRequestGroup.Record;
import io.sluice.vfio.host.iommu.PageRequestGroup.Response;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The page requests of one device: who takes them, by PASID, and which are not answered yet. Any thread; calls nobody
/// while it is locked.
final class PageRequester {
    /// Page request groups have numbers of nine bits (PCIe 6.0 section 10.4.1).
    static final int MOST_GROUPS = 512;
    /// Pages in one group.
    static final int MOST_PAGES = 16;

    private static final int PAGE = 4096;

    private final IommuDevice device;
    private final DmaContext context;
    private final Map<Integer, PageRequests> listeners = new HashMap<>();
    private final Map<Integer, PageRequestGroup> outstanding = new HashMap<>();
    private int next;

    PageRequester(IommuDevice device, DmaContext context) {
        this.device = device;
        this.context = context;
    }

    /// @param listener null for nobody; then what has been asked for is refused
    void listen(int pasid, @Nullable PageRequests listener) {
        if (listener == null) {
            synchronized (this) {
                listeners.remove(pasid);
            }
            refuse(pasid);
            return;
        }
        synchronized (this) {
            listeners.put(pasid, listener);
        }
    }

    private synchronized @Nullable PageRequests listener(int pasid) {
        return listeners.get(pasid);
    }

    /// Asks for the pages of a range that are not there, [#MOST_PAGES] at most. On the device's strand.
    ///
    /// @param answer told once, by any thread
    /// @return whether it has asked
    boolean ask(int pasid, long iova, int length, boolean write, Consumer<Response> answer) {
        int plain = pasid & ~DmaContext.PRIVILEGED;
        var listener = listener(plain);
        if (listener == null) {
            return false;
        }
        var pages = missing(pasid, iova, length, write);
        if (pages.isEmpty()) {
            // They have come meanwhile.
            answer.accept(Response.SUCCESS);
            return true;
        }
        int perm = (write ? Record.WRITE : Record.READ) | (plain == pasid ? 0 : Record.PRIVILEGED);
        var group = register(plain, perm, pages, answer);
        if (group == null) {
            return false;
        }
        listener.requested(group);
        return true;
    }

    private List<Long> missing(int pasid, long iova, int length, boolean write) {
        long need = write ? PageTable.WRITE : PageTable.READ;
        var pages = new ArrayList<Long>();
        long last = iova + length - 1 & -PAGE;
        for (long page = iova & -PAGE; pages.size() < MOST_PAGES; page += PAGE) {
            long entry = context.probe(pasid, page, need, null);
            boolean there = (entry & need) != 0;
            if (!there && !DmaFaults.Reason.of(entry).isRecoverable()) {
                break;
            }
            if (!there) {
                pages.add(page);
            }
            if (page == last) {
                break;
            }
        }
        return pages;
    }

    private synchronized @Nullable PageRequestGroup register(
            int pasid, int perm, List<Long> pages, Consumer<Response> answer) {
        if (outstanding.size() == MOST_GROUPS || !listeners.containsKey(pasid)) {
            return null;
        }
        while (outstanding.containsKey(next)) {
            next = next + 1 & MOST_GROUPS - 1;
        }
        int grpid = next;
        next = next + 1 & MOST_GROUPS - 1;
        var records = new ArrayList<Record>();
        for (int i = 0; i < pages.size(); i++) {
            records.add(new Record(pasid, pasid != 0, grpid, perm, pages.get(i), i == pages.size() - 1));
        }
        var group = new PageRequestGroup(device, records, response -> {
            forget(grpid);
            answer.accept(response);
        });
        outstanding.put(grpid, group);
        return group;
    }

    private synchronized void forget(int grpid) {
        outstanding.remove(grpid);
    }

    /// What was asked for with a PASID will not come.
    void refuse(int pasid) {
        List<PageRequestGroup> groups;
        synchronized (this) {
            groups = outstanding.values().stream()
                    .filter(group -> group.records().getFirst().pasid() == pasid)
                    .toList();
        }
        groups.forEach(group -> group.respond(Response.INVALID));
    }

    /// Nothing that was asked for will come.
    void refuseAll() {
        List<PageRequestGroup> groups;
        synchronized (this) {
            groups = List.copyOf(outstanding.values());
            listeners.clear();
        }
        groups.forEach(group -> group.respond(Response.INVALID));
    }

    synchronized int outstanding() {
        return outstanding.size();
    }
}
