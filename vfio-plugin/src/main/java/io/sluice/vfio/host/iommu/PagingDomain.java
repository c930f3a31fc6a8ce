package io.sluice.vfio.host.iommu;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vmm.address.Iova;
import java.util.Arrays;

/// Translations from I/O virtual addresses to host memory.
///
/// Any thread changes it, one at a time. A call that takes a translation away returns when no DMA through it is on its
/// way; it waits for pieces of [DmaContext#PIECE] bytes that are being moved, and for nothing else.
public final class PagingDomain extends Domain {
    private final IommuUnit unit;
    private final DomainOptions options;
    private final Aperture aperture;
    private final PageTable table;
    private final Users users = new Users();
    private volatile NestedDomain[] children = {};
    private volatile boolean dirtyTracking;
    private boolean coherent;

    PagingDomain(IommuUnit unit, DomainOptions options) {
        this.unit = unit;
        this.options = options;
        var settings = unit.settings();
        aperture = new Aperture(settings.firstAddress(), settings.lastAddress());
        table = new PageTable(settings.format(), unit.steps());
    }

    /// What it is for.
    public DomainOptions options() {
        return options;
    }

    /// The addresses that it translates.
    public Aperture aperture() {
        return aperture;
    }

    /// Bytes of its smallest page.
    public long granule() {
        return 1L << table.granuleShift();
    }

    boolean isOf(IommuUnit unit) {
        return this.unit == unit;
    }

    @Override
    void require(IommuDevice device) {
        var other = device.unit().settings();
        boolean fits = device.unit() == unit
                || device.unit().frames() == unit.frames()
                        && other.format().equals(unit.settings().format())
                        && other.firstAddress() <= aperture.first()
                        && other.lastAddress() >= aperture.last()
                        && (other.nesting() || !options.nestParent());
        if (!fits) {
            throw new HostException(Errno.EINVAL, "the IOMMU of " + device + " cannot read the tables of " + this);
        }
        if (options.dirtyTracking() && !device.tracksDirty()) {
            throw new HostException(Errno.EINVAL, "writes of " + device + " cannot be noted");
        }
        if (isCoherent() && !other.enforcesCoherency()) {
            throw new HostException(Errno.EINVAL, "DMA of " + device + " cannot be made coherent");
        }
    }

    // ---- coherency

    /// Makes all DMA through it snoop the caches, for good, if the IOMMUs of all that are in it can.
    ///
    /// @return whether it does now
    public synchronized boolean enforceCoherency() {
        if (!coherent) {
            coherent = unit.settings().enforcesCoherency()
                    && Arrays.stream(users.distinct()).allMatch(DmaContext::canEnforceCoherency);
        }
        return coherent;
    }

    /// Whether all DMA through it is made to snoop the caches.
    public synchronized boolean isCoherent() {
        return coherent;
    }

    // ---- translations

    /// Maps frames that are pinned; what has been mapped there before has been unmapped. Costs the fewest and largest
    /// pages that fit.
    ///
    /// @throws HostException ENOMEM if there is no room for tables; then nothing of it is mapped
    public synchronized void map(Iova iova, HostFrames.Run memory, boolean readable, boolean writable) {
        long first = iova.bits();
        if (!aperture.holds(first, first + memory.length() - 1)) {
            throw new IllegalArgumentException(iova + " + " + memory.length() + " is out of reach");
        }
        long permissions = (readable ? PageTable.READ : 0) | (writable ? PageTable.WRITE : 0);
        try {
            table.map(first, memory.first(), memory.length(), permissions);
        } catch (HostException refused) {
            unmap(iova, memory.length());
            throw refused;
        }
    }

    /// Unmaps a range, holes and all. In force when it returns.
    public synchronized void unmap(Iova iova, long length) {
        table.unmap(iova.bits(), length);
        forget(iova.bits(), iova.bits() + length - 1);
        table.reclaim();
    }

    /// Takes a range out of all caches, and everything out of those of first stages that stand on it: what they have
    /// cached may have come through any part of it.
    private void forget(long first, long last) {
        users.post(number(), first, last);
        for (var child : children) {
            child.postAll();
        }
        // Those of the children are among these.
        users.awaitQuiet();
    }

    @Override
    long walk(long iova, long need) {
        long entry = table.walk(iova);
        if (!dirtyTracking) {
            return entry;
        }
        // While writes are noted, only one that is noted goes by the cache.
        if ((need & entry & PageTable.WRITE) == 0) {
            return entry & ~PageTable.WRITE;
        }
        table.markDirty(iova);
        return entry;
    }

    // ---- dirty tracking

    /// Starts with nothing dirty, or stops.
    public synchronized void trackDirty(boolean on) {
        if (on) {
            table.dirty(0, table.limit(), true, (iova, length) -> {});
        }
        dirtyTracking = on;
        // An entry that is cached as dirty, or from the time when nobody looked, is not looked at again.
        forget(0, table.limit() - 1);
    }

    /// Tells of everything in a range that was written since tracking began, or since it was cleared.
    ///
    /// @param clear whether to clear it
    public synchronized void readDirty(Iova iova, long length, boolean clear, DirtySink sink) {
        table.dirty(iova.bits(), length, clear, (at, size) -> sink.dirty(new Iova(at), size));
        if (clear) {
            forget(iova.bits(), iova.bits() + length - 1);
        }
    }

    /// Told of what is dirty.
    @FunctionalInterface
    public interface DirtySink {
        void dirty(Iova iova, long length);
    }

    // ---- who is in it

    @Override
    synchronized void enter(DmaContext context) {
        users.add(context);
    }

    @Override
    synchronized void leave(DmaContext context) {
        users.remove(context);
    }

    /// A first stage that stands on it has users now.
    synchronized void adopt(NestedDomain child) {
        var all = Arrays.copyOf(children, children.length + 1);
        all[children.length] = child;
        children = all;
    }

    /// It has none any more.
    synchronized void abandon(NestedDomain child) {
        children = Arrays.stream(children).filter(other -> !other.equals(child)).toArray(NestedDomain[]::new);
    }

    /// How many attachments there are, of requester ids and of PASIDs.
    public synchronized int attachments() {
        return users.count();
    }

    // ---- for those who look

    /// log2 of the page that `iova` lies in; -1 if nothing is mapped there.
    public synchronized int pageShift(Iova iova) {
        return table.pageShift(iova.bits());
    }

    /// The frame that `iova` lies in; -1 if nothing is mapped there.
    public synchronized long frameAt(Iova iova) {
        long entry = table.walk(iova.bits());
        return entry == PageTable.NONE ? -1 : PageTable.frame(entry);
    }

    /// Bytes that the tables take.
    public synchronized long tableBytes() {
        return table.bytes();
    }

    /// Nodes of the tables that are in use.
    synchronized int tableNodes() {
        return table.nodes();
    }

    @Override
    public String toString() {
        return "domain " + number();
    }
}
