package io.sluice.vfio.host.iommu;

import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.memory.HostMemory;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/// The IOMMU's view of one requester id: which domain its requests go through, by PASID, and what it has cached.
///
/// DMA is for the thread of the device's strand: no lock, no garbage. Where several devices send by one requester id, a
/// piece of one waits for that of another. Domains are set by any thread.
/// Requests are done in pieces of [#PIECE] bytes; each piece sees one state of the tables, and a call that changes them
/// waits for the piece that is under way.
///
/// A piece is under way while [#epoch] is odd. The device raises it first and reads what it goes by afterwards; who
/// takes something away changes that first and reads the epoch afterwards. Both are volatile accesses, so that at least
/// one of the two sees the other (`DmaBenchmark` pays for it, `DmaRaceTest` holds it).
public final class DmaContext {
    /// Bytes that are moved between two looks at what has changed.
    public static final int PIECE = 64 << 10;

    private static final VarHandle EPOCH;
    private static final int SPINS = 200;

    static {
        try {
            EPOCH = MethodHandles.lookup().findVarHandle(DmaContext.class, "epoch", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Bdf requester;
    private final IommuUnit unit;
    private final IommuGroup group;
    private final HostFrames frames;
    private final Iotlb cache;
    private final Invalidations invalidations = new Invalidations();
    private final int granule;

    private int holders;
    private boolean owned;
    private volatile Bindings bindings = Bindings.BLOCKED;

    @SuppressWarnings("unused") // by EPOCH
    private volatile long epoch;

    private long failedAt;
    private Domain failedIn = BlockingDomain.INSTANCE;

    DmaContext(Bdf requester, IommuUnit unit, IommuGroup group) {
        this.requester = requester;
        this.unit = unit;
        this.group = group;
        this.frames = unit.frames();
        var format = unit.settings().format();
        this.cache = new Iotlb(format.granuleShift());
        this.granule = 1 << format.granuleShift();
    }

    public Bdf requester() {
        return requester;
    }

    IommuGroup group() {
        return group;
    }

    boolean canEnforceCoherency() {
        return unit.settings().enforcesCoherency();
    }

    // ---- who has this requester id; guarded by the unit

    void hold() {
        holders++;
    }

    /// @return whether nobody has it any more
    boolean drop() {
        return --holders == 0;
    }

    /// Whether it is a device's own, not only an alias.
    boolean isOwned() {
        return owned;
    }

    void own(boolean owned) {
        this.owned = owned;
    }

    Invalidations invalidations() {
        return invalidations;
    }

    // ---- domains

    /// Sets the domain of a PASID, or of requests without one. When it returns, no request goes by the old one.
    ///
    /// @param pasid 0 for requests without one
    synchronized void set(int pasid, Domain domain) {
        var old = bindings.of(pasid);
        if (old.equals(domain)) {
            return;
        }
        domain.enter(this);
        bindings = bindings.with(pasid, domain);
        awaitQuiet();
        drop(old);
    }

    /// What it has cached of a domain is not to be found again if it comes back to it.
    private void drop(Domain domain) {
        domain.leave(this);
        invalidations.post(domain.number(), 0, Long.MAX_VALUE);
    }

    /// Nothing goes through any more, with or without a PASID.
    synchronized void close() {
        var old = bindings;
        bindings = Bindings.BLOCKED;
        awaitQuiet();
        drop(old.of(0));
        for (int pasid : old.pasids()) {
            drop(old.of(pasid));
        }
    }

    /// The domain of a PASID, or of requests without one.
    public Domain domain(int pasid) {
        return bindings.of(pasid);
    }

    /// Waits until the piece that is under way now, if one is, is done.
    void awaitQuiet() {
        long seen = (long) EPOCH.getVolatile(this);
        if ((seen & 1) == 0) {
            return;
        }
        for (int i = 0; (long) EPOCH.getVolatile(this) == seen; i++) {
            if (i < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
    }

    // ---- DMA; the device's thread

    private void begin() {
        long seen = (long) EPOCH.getOpaque(this);
        if ((seen & 1) != 0 || !EPOCH.compareAndSet(this, seen, seen + 1)) {
            beginAfterOthers();
        }
        if (invalidations.isPending()) {
            invalidations.take(cache);
        }
    }

    /// Another thread does DMA by the same requester id, as several devices behind a bridge do: one piece at a time.
    private void beginAfterOthers() {
        for (int i = 0; ; i++) {
            long seen = (long) EPOCH.getOpaque(this);
            if ((seen & 1) == 0 && EPOCH.compareAndSet(this, seen, seen + 1)) {
                return;
            }
            if (i < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
    }

    private void end() {
        EPOCH.setRelease(this, (long) EPOCH.get(this) + 1);
    }

    /// The entry that lets a request through, or [PageTable#NONE].
    private long translate(Domain domain, long iova, long need) {
        long entry = cache.find(domain.number(), iova);
        if ((entry & need) == need) {
            return entry;
        }
        return miss(domain, iova, need);
    }

    private long miss(Domain domain, long iova, long need) {
        boolean marks = (need & PageTable.WRITE) != 0 && domain.tracksDirty();
        if (marks) {
            domain.markDirty(iova);
        }
        long entry = domain.walk(iova);
        if ((entry & need) != need) {
            failedAt = iova;
            failedIn = domain;
            return PageTable.NONE;
        }
        // While writes are noted, only one that is noted already goes by the cache.
        cache.put(domain.number(), iova, domain.tracksDirty() && !marks ? entry & ~PageTable.WRITE : entry);
        return entry;
    }

    /// Reads from the host's memory.
    ///
    /// @param pasid 0 for a request without one
    /// @return whether all was read; what was not is all ones
    public boolean read(int pasid, long iova, byte[] target, int offset, int length) {
        int done = 0;
        while (done < length) {
            int piece = Math.min(PIECE, length - done);
            int moved = readPiece(pasid, iova + done, target, offset + done, piece);
            if (moved < piece) {
                Arrays.fill(target, offset + done + moved, offset + length, (byte) -1);
                tell(pasid, PageTable.READ);
                return false;
            }
            done += piece;
        }
        return true;
    }

    private int readPiece(int pasid, long iova, byte[] target, int offset, int length) {
        begin();
        try {
            var domain = bindings.of(pasid);
            int done = 0;
            while (done < length) {
                long entry = translate(domain, iova + done, PageTable.READ);
                if (entry == PageTable.NONE) {
                    break;
                }
                int within = (int) (iova + done) & granule - 1;
                int count = Math.min(granule - within, length - done);
                HostMemory.copy(frames.address(PageTable.frame(entry)) + within, target, offset + done, count);
                done += count;
            }
            return done;
        } finally {
            end();
        }
    }

    /// Writes to the host's memory.
    ///
    /// @param pasid 0 for a request without one
    /// @return whether all was written; what comes after the first failure is dropped
    public boolean write(int pasid, long iova, byte[] source, int offset, int length) {
        int done = 0;
        while (done < length) {
            int piece = Math.min(PIECE, length - done);
            if (writePiece(pasid, iova + done, source, offset + done, piece) < piece) {
                tell(pasid, PageTable.WRITE);
                return false;
            }
            done += piece;
        }
        return true;
    }

    private int writePiece(int pasid, long iova, byte[] source, int offset, int length) {
        begin();
        try {
            var domain = bindings.of(pasid);
            int done = 0;
            while (done < length) {
                long entry = translate(domain, iova + done, PageTable.WRITE);
                if (entry == PageTable.NONE) {
                    break;
                }
                int within = (int) (iova + done) & granule - 1;
                int count = Math.min(granule - within, length - done);
                long frame = PageTable.frame(entry) + within;
                HostMemory.copy(source, offset + done, frames.address(frame), count);
                frames.memory(frame).watch().written(HostFrames.offset(frame), count);
                done += count;
            }
            return done;
        } finally {
            end();
        }
    }

    private void tell(int pasid, long need) {
        var reason = failedIn.equals(BlockingDomain.INSTANCE)
                ? DmaFaults.Reason.BLOCKED
                : failedIn.walk(failedAt) == PageTable.NONE
                        ? DmaFaults.Reason.NOT_PRESENT
                        : DmaFaults.Reason.NOT_ALLOWED;
        unit.faults().faulted(requester, pasid, failedAt, need == PageTable.WRITE, reason);
    }

    /// Translates one address as DMA would.
    ///
    /// @return whether a request would go through
    boolean reaches(int pasid, long iova, boolean write) {
        begin();
        try {
            return translate(bindings.of(pasid), iova, write ? PageTable.WRITE : PageTable.READ) != PageTable.NONE;
        } finally {
            end();
        }
    }

    @Override
    public String toString() {
        return requester.toString();
    }
}
