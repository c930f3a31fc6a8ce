package io.sluice.vfio.host.iommu;

import io.sluice.vfio.host.iommu.DmaFaults.Reason;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.memory.HostMemory;
import io.sluice.vmm.pci.DmaRuns;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The IOMMU's view of one requester id: which domain its requests go through, by PASID, and what it has cached.
///
/// DMA is for the thread of the device's strand: no lock, no garbage. Where several devices send by one requester id, a
/// piece of one waits for that of another. Domains are set by any thread. Requests are done in pieces of [#PIECE]
/// bytes;
/// each piece sees one state of the tables, and a call that changes them waits for the piece that is under way, by its
/// [Epoch]. Nothing that is called from within a piece may do DMA or change domains.
///
/// Where a method takes a PASID, 0 stands for a request without one, and [#PRIVILEGED] may be added.
public final class DmaContext {
    /// Bytes that are moved between two looks at what has changed.
    public static final int PIECE = 64 << 10;

    /// Added to a PASID: the request has supervisor's privilege.
    public static final int PRIVILEGED = 1 << 30;

    private final Bdf requester;
    private final IommuUnit unit;
    private final IommuGroup group;
    private final HostFrames frames;
    private final Epoch epoch = new Epoch();
    private final Iotlb cache;
    private final Invalidations invalidations = new Invalidations();
    private final FaultLog.Sender faults = new FaultLog.Sender();
    private final int granule;

    private int holders;
    private volatile boolean closed;
    private volatile Bindings bindings = Bindings.BLOCKED;
    private volatile @Nullable DeviceTlb deviceTlb;
    private volatile @Nullable PageRequester pageRequester;

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

    IommuUnit unit() {
        return unit;
    }

    IommuGroup group() {
        return group;
    }

    Invalidations invalidations() {
        return invalidations;
    }

    // ---- who has this requester id as an alias; guarded by the unit

    void hold() {
        holders++;
    }

    /// @return whether nobody has it any more
    boolean drop() {
        return --holders == 0;
    }

    // ---- domains

    /// Sets the domain of a PASID, or of requests without one. When it returns, no request goes by the old one, and
    /// the pages that were asked for in it will not come.
    synchronized void set(int pasid, Domain domain) {
        var old = bindings.of(pasid);
        if (old.equals(domain) || closed) {
            return;
        }
        domain.enter(this);
        bindings = bindings.with(pasid, domain);
        epoch.awaitQuiet();
        drop(old);
        var requests = pageRequester;
        if (requests != null) {
            requests.refuse(pasid);
        }
        unit.trace().set(requester, pasid, domain);
    }

    /// What it has cached of a domain is not to be found again if it comes back to it.
    private void drop(Domain domain) {
        domain.leave(this);
        invalidations.post(domain.number(), 0, -1);
    }

    /// Nothing goes through ever again, with or without a PASID.
    synchronized void close() {
        var old = bindings;
        closed = true;
        bindings = Bindings.BLOCKED;
        epoch.awaitQuiet();
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
        epoch.awaitQuiet();
    }

    // ---- what the device can

    /// @param tlb null if it may hold no translations any more; in force when it returns
    synchronized void setDeviceTlb(@Nullable DeviceTlb tlb) {
        deviceTlb = tlb;
        epoch.awaitQuiet();
    }

    void setPageRequester(PageRequester requester) {
        pageRequester = requester;
    }

    @Nullable
    PageRequester pageRequester() {
        return pageRequester;
    }

    // ---- pieces

    private void begin() {
        epoch.begin();
        catchUp();
    }

    private void catchUp() {
        if (invalidations.isPending()) {
            var tlb = deviceTlb;
            invalidations.take(cache, tlb == null ? null : tlb.cache());
        }
    }

    private Domain domainOf(int pasid) {
        return bindings.of(pasid & ~PRIVILEGED);
    }

    /// Whether a request has no PASID.
    static boolean isPlain(int pasid) {
        return (pasid & ~PRIVILEGED) == 0;
    }

    private static int tag(Domain domain, int pasid) {
        return (pasid & PRIVILEGED) == 0 ? domain.number() : Iotlb.supervisor(domain.number());
    }

    /// The entry that lets a request through; without what is needed, why there is none.
    private long translate(Domain domain, int tag, long iova, long need) {
        long entry = cache.find(tag, iova);
        return (entry & need) != 0 ? entry : miss(domain, tag, iova, need);
    }

    private long miss(Domain domain, int tag, long iova, long need) {
        long entry = domain.walk(iova, tag < 0 ? need | PageTable.PRIVILEGED : need);
        if ((entry & need) != 0) {
            cache.put(tag, iova, entry);
        }
        return entry;
    }

    /// Moves up to [#PIECE] bytes.
    ///
    /// @param need [PageTable#READ] into `bytes`, or [PageTable#WRITE] out of it
    /// @param tlb whose translations it goes by; null for the IOMMU's
    /// @return how many were moved, and above them, if not all, the ordinal of the reason
    long movePiece(int pasid, long iova, byte[] bytes, int offset, int length, long need, @Nullable DeviceTlb tlb) {
        begin();
        try {
            if (tlb != null && tlb != deviceTlb) {
                return stopped(0, Reason.TRANSLATED_BLOCKED);
            }
            var domain = domainOf(pasid);
            int tag = tag(domain, pasid);
            int done = 0;
            while (done < length) {
                long entry = tlb == null
                        ? translate(domain, tag, iova + done, need)
                        : tlb.cache().find(tag, iova + done);
                if ((entry & need) == 0) {
                    return stopped(done, Reason.of(entry));
                }
                int within = (int) (iova + done) & granule - 1;
                int count = Math.min(granule - within, length - done);
                move(PageTable.frame(entry) + within, bytes, offset + done, count, need);
                done += count;
            }
            return done;
        } finally {
            epoch.end();
        }
    }

    private static long stopped(int done, Reason reason) {
        return (long) reason.ordinal() << Integer.SIZE | done;
    }

    private void move(long frame, byte[] bytes, int offset, int count, long need) {
        if (need == PageTable.READ) {
            HostMemory.copy(frames.address(frame), bytes, offset, count);
        } else {
            HostMemory.copy(bytes, offset, frames.address(frame), count);
            frames.memory(frame).watch().written(HostFrames.offset(frame), count);
        }
    }

    /// A translation as the device asks for one, noted in the tables as a request is.
    ///
    /// @param tlb where it goes; null for nowhere
    /// @return as [Domain#walk]
    long probe(int pasid, long iova, long need, @Nullable DeviceTlb tlb) {
        begin();
        try {
            if (tlb != null && tlb != deviceTlb) {
                return Reason.TRANSLATED_BLOCKED.asEntry();
            }
            var domain = domainOf(pasid);
            int tag = tag(domain, pasid);
            long entry = translate(domain, tag, iova, need);
            if (tlb != null && (entry & need) != 0) {
                tlb.cache().put(tag, iova, entry);
            }
            return entry;
        } finally {
            epoch.end();
        }
    }

    /// Whether a request would go through.
    boolean reaches(int pasid, long iova, boolean write) {
        long need = write ? PageTable.WRITE : PageTable.READ;
        return (probe(pasid, iova, need, null) & need) != 0;
    }

    // ---- DMA; the device's thread

    /// Reads from the host's memory.
    ///
    /// @return whether all was read; what was not is all ones
    public boolean read(int pasid, long iova, byte[] target, int offset, int length) {
        int done = move(pasid, iova, target, offset, length, PageTable.READ);
        if (done < length) {
            Arrays.fill(target, offset + done, offset + length, (byte) -1);
            return false;
        }
        return true;
    }

    /// Writes to the host's memory; four bytes to the interrupt window, without a PASID, are an interrupt instead.
    ///
    /// @return whether all was written; what comes after the first failure is dropped
    public boolean write(int pasid, long iova, byte[] source, int offset, int length) {
        if (isPlain(pasid) && InterruptWindow.isMessage(iova, length) && !closed) {
            unit.interrupt(requester, iova, source, offset);
            return true;
        }
        return move(pasid, iova, source, offset, length, PageTable.WRITE) == length;
    }

    private int move(int pasid, long iova, byte[] bytes, int offset, int length, long need) {
        int reachable = isPlain(pasid) ? InterruptWindow.before(iova, length) : length;
        int done = 0;
        while (done < reachable) {
            int piece = Math.min(PIECE, reachable - done);
            long moved = movePiece(pasid, iova + done, bytes, offset + done, piece, need, null);
            done += (int) moved;
            if ((int) moved < piece) {
                tell(pasid, iova + done, need, Reason.at((int) (moved >>> Integer.SIZE)));
                return done;
            }
        }
        if (reachable < length) {
            tell(pasid, iova + done, need, Reason.INTERRUPT_ADDRESS);
        }
        return done;
    }

    /// Lets `use` at the memory behind a list, all of it in one piece, as [io.sluice.vmm.pci.DmaTarget#access] has it:
    /// who takes any of it away waits until `use` is done. `use` must do no DMA by this requester id.
    public boolean access(int pasid, DmaRuns list, boolean write, Runnable use) {
        long need = write ? PageTable.WRITE : PageTable.READ;
        Miss missed;
        list.startRuns();
        epoch.beginLong();
        try {
            catchUp();
            missed = resolve(pasid, list, need);
            if (missed == null) {
                use.run();
                if (write) {
                    list.tellWritten();
                }
                return true;
            }
        } finally {
            list.endRuns();
            epoch.endLong();
        }
        tell(pasid, missed.iova, need, missed.reason);
        return false;
    }

    private record Miss(long iova, Reason reason) {}

    private @Nullable Miss resolve(int pasid, DmaRuns list, long need) {
        var domain = domainOf(pasid);
        int tag = tag(domain, pasid);
        for (int piece = 0; piece < list.pieces(); piece++) {
            long iova = list.iova(piece).bits();
            int length = list.pieceLength(piece);
            int reachable = isPlain(pasid) ? InterruptWindow.before(iova, length) : length;
            for (int done = 0; done < reachable; ) {
                long entry = translate(domain, tag, iova + done, need);
                if ((entry & need) == 0) {
                    return new Miss(iova + done, Reason.of(entry));
                }
                int within = (int) (iova + done) & granule - 1;
                int count = Math.min(granule - within, reachable - done);
                long frame = PageTable.frame(entry) + within;
                list.visitor().ram(frames.memory(frame), HostFrames.offset(frame), frames.address(frame), count);
                done += count;
            }
            if (reachable < length) {
                return new Miss(iova + reachable, Reason.INTERRUPT_ADDRESS);
            }
            list.pieceResolved();
        }
        return null;
    }

    /// Begins an operation that may wait for pages: what is there is moved at once; what is not there is asked for, if
    /// somebody takes page requests for the PASID, and the operation goes on when they have come. On the operation's
    /// strand.
    ///
    /// @return PENDING if it waits; its end is then told on its strand
    public DmaOperation.Progress request(
            DmaOperation operation, int pasid, long iova, byte[] bytes, int offset, int length, boolean write) {
        return operation.start(this, pasid, iova, bytes, offset, length, write);
    }

    void tell(int pasid, long iova, long need, Reason reason) {
        unit.faultLog().tell(faults, requester, pasid & ~PRIVILEGED, iova, need == PageTable.WRITE, reason);
    }

    boolean canEnforceCoherency() {
        return unit.settings().enforcesCoherency();
    }

    @Override
    public String toString() {
        return requester.toString();
    }
}
