package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.EOPNOTSUPP;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.iommu.PageRequestGroup;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.RequestTable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Page requests of devices, on their way to user space and its answers on their way back. A group of requests is
/// pending until it is read, then delivered until it is answered.
///
/// Devices put requests in on their own threads, without the context's lock; so the queue has one of its own, below
/// every other.
final class FaultQueue extends IommuObject {
    /// A device has this many groups under way at most; more are refused, so that no guest can fill the host.
    private static final int MOST = 1 << 12;

    /// A group that is not answered yet.
    record Entry(IommufdDevice device, Hwpt hwpt, PageRequestGroup group, int cookie) {
        int pasid() {
            return group.records().getFirst().pasidValid()
                    ? group.records().getFirst().pasid()
                    : 0;
        }
    }

    private final Iommufd context;
    private final ArrayDeque<Entry> pending = new ArrayDeque<>();
    private final Map<Integer, Entry> delivered = new LinkedHashMap<>();
    private int nextCookie;
    private boolean closed;
    private @Nullable Runnable listener;

    private FaultQueue(Iommufd context) {
        this.context = context;
    }

    static void addTo(RequestTable<Iommufd> table) {
        table.on("IOMMU_FAULT_QUEUE_ALLOC", FaultQueueAlloc.class, FaultQueue::alloc);
    }

    private static FaultQueueAlloc.Answer alloc(Iommufd context, Process caller, FaultQueueAlloc request) {
        if (request.flags() != 0) {
            throw new HostException(EOPNOTSUPP, "flags " + request.flags());
        }
        var queue = new FaultQueue(context);
        return QueueFiles.publish(
                context,
                caller,
                queue,
                "iommufd.fault_queue.object",
                () -> new FaultFile(context, queue),
                FaultQueueAlloc.Answer::new);
    }

    // ---- devices

    /// A device on a table with this queue asks for pages. On the device's thread.
    void requested(IommufdDevice device, Hwpt hwpt, PageRequestGroup group) {
        Runnable tell = null;
        boolean full;
        synchronized (this) {
            full = closed || pending.size() + delivered.size() >= MOST;
            if (!full) {
                pending.add(new Entry(device, hwpt, group, cookie()));
                tell = listener;
            }
        }
        if (full) {
            group.respond(PageRequestGroup.Response.INVALID);
        } else if (tell != null) {
            tell.run();
        }
    }

    private int cookie() {
        while (uses(nextCookie)) {
            nextCookie++;
        }
        return nextCookie++;
    }

    private boolean uses(int cookie) {
        return delivered.containsKey(cookie) || pending.stream().anyMatch(entry -> entry.cookie == cookie);
    }

    /// Takes out what a device has asked for by a table; the caller runs the answers.
    List<Runnable> takeOf(IommufdDevice device, int pasid, Hwpt hwpt) {
        return take(entry -> entry.device.equals(device) && entry.pasid() == pasid && entry.hwpt.equals(hwpt));
    }

    private synchronized List<Runnable> take(Predicate<Entry> which) {
        var taken = new ArrayList<Runnable>();
        takeFrom(pending, which, taken);
        takeFrom(delivered.values(), which, taken);
        return taken;
    }

    private static void takeFrom(Collection<Entry> entries, Predicate<Entry> which, List<Runnable> taken) {
        entries.removeIf(entry -> {
            boolean goes = which.test(entry);
            if (goes) {
                taken.add(() -> entry.group.respond(PageRequestGroup.Response.INVALID));
            }
            return goes;
        });
    }

    // ---- user space

    /// Tells of each group that becomes pending, on the thread of the device.
    synchronized void onPending(@Nullable Runnable listener) {
        this.listener = listener;
    }

    synchronized boolean isReadable() {
        return !pending.isEmpty();
    }

    /// The next group, if it has at most `records` of them; it is delivered then.
    synchronized @Nullable Entry next(int records) {
        while (!pending.isEmpty() && pending.peek().group.isAnswered()) {
            pending.remove();
        }
        var entry = pending.peek();
        if (entry == null || entry.group.records().size() > records) {
            return null;
        }
        pending.remove();
        delivered.put(entry.cookie, entry);
        return entry;
    }

    /// @throws HostException EINVAL for a cookie that nobody waits by
    void answer(int cookie, PageRequestGroup.Response response) {
        Entry entry;
        synchronized (this) {
            entry = delivered.remove(cookie);
        }
        if (entry == null) {
            throw new HostException(EINVAL, "cookie " + cookie);
        }
        entry.group.respond(response);
    }

    @Override
    void destroyed() {
        synchronized (this) {
            closed = true;
        }
        context.later(take(entry -> true));
    }

    @Override
    String kind() {
        return "fault queue";
    }
}
