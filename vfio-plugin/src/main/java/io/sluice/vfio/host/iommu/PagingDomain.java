package io.sluice.vfio.host.iommu;

import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vmm.address.Iova;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Translations from I/O virtual addresses to host memory.
///
/// Any thread changes it, one at a time. A call that takes a translation away returns when no DMA through it is on its
/// way; it waits for pieces of [DmaContext#PIECE] bytes that are being moved, and for nothing else.
public final class PagingDomain extends Domain {
    private final PageTable table;
    /// Those that are in it, one entry for each attachment. Guarded by this.
    private final List<DmaContext> users = new ArrayList<>();
    private volatile DmaContext[] distinct = {};
    private volatile boolean dirtyTracking;

    /// @param format what the tables look like
    public PagingDomain(TableFormat format) {
        table = new PageTable(format.granuleShift(), format.levels(), format.largePages());
    }

    // ---- translations

    /// Maps host memory; what has been mapped there before has been unmapped.
    ///
    /// @param memory the memory's number in [HostFrames]
    /// @param writable whether it can be written too
    public synchronized void map(Iova iova, HostFrames.Run memory, boolean readable, boolean writable) {
        long permissions = (readable ? PageTable.READ : 0) | (writable ? PageTable.WRITE : 0);
        table.map(iova.bits(), memory.first(), memory.length(), permissions);
    }

    /// Unmaps a range, holes and all. In force when it returns.
    public synchronized void unmap(Iova iova, long length) {
        table.unmap(iova.bits(), length);
        forget(iova.bits(), iova.bits() + length - 1);
        table.reclaim();
    }

    private void forget(long first, long last) {
        var contexts = distinct;
        for (var context : contexts) {
            context.invalidations().post(number(), first, last);
        }
        for (var context : contexts) {
            context.awaitQuiet();
        }
    }

    @Override
    long walk(long iova) {
        return table.walk(iova);
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

    @Override
    void markDirty(long iova) {
        table.markDirty(iova);
    }

    @Override
    boolean tracksDirty() {
        return dirtyTracking;
    }

    // ---- who is in it

    @Override
    synchronized void enter(DmaContext context) {
        users.add(context);
        settle();
    }

    @Override
    synchronized void leave(DmaContext context) {
        users.remove(context);
        settle();
    }

    private void settle() {
        distinct = users.stream().distinct().toArray(DmaContext[]::new);
    }

    /// How many attachments there are, of requester ids and of PASIDs.
    public synchronized int attachments() {
        return users.size();
    }

    // ---- for those who look

    /// log2 of the page that `iova` lies in; -1 if nothing is mapped there.
    public synchronized int pageShift(Iova iova) {
        return table.pageShift(iova.bits());
    }

    /// Bytes that the tables take.
    public synchronized long tableBytes() {
        return table.bytes();
    }

    @Override
    public String toString() {
        return "paging domain " + number() + " of " + Arrays.toString(distinct);
    }
}
