package io.sluice.vfio.host.iommu;

import io.sluice.vfio.host.iommu.DmaFaults.Reason;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vmm.memory.HostMemory;

/// A guest's first-stage tables that stand on a paging domain: what the guest's tables say is an address of the parent
/// (VT-d specification, sections 3.6 and 3.8). The guest changes them while they are walked, so an entry is read once,
/// and marked as accessed or dirty only if it is still what was read.
public final class NestedDomain extends Domain {
    private static final long PRESENT = 1;
    private static final long WRITABLE = 1 << 1;
    private static final long USER = 1 << 2;
    private static final long ACCESSED = 1 << 5;
    private static final long DIRTY = 1 << 6;
    private static final long LARGE = 1 << 7;
    private static final long EXTENDED_ACCESSED = 1 << 10;
    private static final long ADDRESS = 0x000F_FFFF_FFFF_F000L;
    private static final int PAGE_SHIFT = 12;
    private static final int LEVEL_BITS = 9;
    private static final int INDEX = (1 << LEVEL_BITS) - 1;
    private static final int HIGHEST_LEAF = 2;
    private static final int PAT_BIT = 1 << 12;

    /// How often one walk begins anew because the guest has changed what was read.
    private static final int ATTEMPTS = 32;

    private static final long CHANGED = Long.MIN_VALUE;

    private final PagingDomain parent;
    private final HostFrames frames;
    private final StageOne stageOne;
    private final int top;
    private final int spareBits;
    private final boolean supervisor;
    private final boolean writeProtect;
    private final long accessed;
    private final Users users = new Users();

    NestedDomain(PagingDomain parent, HostFrames frames, StageOne stageOne) {
        this.parent = parent;
        this.frames = frames;
        this.stageOne = stageOne;
        top = (stageOne.addressWidth() - PAGE_SHIFT) / LEVEL_BITS - 1;
        spareBits = Long.SIZE - stageOne.addressWidth();
        supervisor = (stageOne.flags() & StageOne.SUPERVISOR) != 0;
        writeProtect = (stageOne.flags() & StageOne.WRITE_PROTECT) != 0;
        accessed = (stageOne.flags() & StageOne.EXTENDED_ACCESSED) != 0 ? ACCESSED | EXTENDED_ACCESSED : ACCESSED;
    }

    public PagingDomain parent() {
        return parent;
    }

    public StageOne stageOne() {
        return stageOne;
    }

    // ---- what is not used any more

    /// The guest has changed its tables: what was read from them in `pages` pages of 4 KiB from `address` on is not
    /// used any more. In force when it returns.
    ///
    /// @param pages without sign; -1 for all there are
    /// @param leaf whether only the last level has changed; nothing else is cached anyway
    public void invalidate(long address, long pages, boolean leaf) {
        if (pages == 0) {
            return;
        }
        long last = address + (pages << PAGE_SHIFT) - 1;
        boolean toTheEnd = pages >>> Long.SIZE - PAGE_SHIFT != 0 || Long.compareUnsigned(last, address) < 0;
        users.post(number(), pages == -1 ? 0 : address, toTheEnd ? -1 : last);
        users.awaitQuiet();
    }

    /// What it has cached has come through a parent that changes; who changes it waits.
    void postAll() {
        users.post(number(), 0, -1);
    }

    // ---- walks

    @Override
    long walk(long iova, long need) {
        if (iova << spareBits >> spareBits != iova) {
            return Reason.NOT_CANONICAL.asEntry();
        }
        if ((need & PageTable.PRIVILEGED) != 0 && !supervisor) {
            return Reason.SUPERVISOR_BLOCKED.asEntry();
        }
        for (int i = 0; i < ATTEMPTS; i++) {
            long answer = descend(top, stageOne.tablePointer(), iova, need, WRITABLE | USER);
            if (answer != CHANGED) {
                return answer;
            }
        }
        return Reason.FIRST_STAGE_ACCESSED.asEntry();
    }

    /// What the entry for `iova` in a table, and all below it, come to.
    ///
    /// @param rights of the entries above it
    private long descend(int level, long table, long iova, long need, long rights) {
        int shift = PAGE_SHIFT + LEVEL_BITS * level;
        long at = table + ((iova >>> shift & INDEX) << 3);
        if (at > parent.aperture().last()) {
            return (level == top ? Reason.FIRST_STAGE_ROOT : Reason.FIRST_STAGE_TABLE_LIMIT).asEntry();
        }
        long place = parent.walk(at, PageTable.READ);
        if ((place & PageTable.READ) == 0) {
            return (level == top ? Reason.FIRST_STAGE_ROOT : Reason.FIRST_STAGE_TABLE).asEntry();
        }
        long entry = HostMemory.getLong(address(place, at));
        if ((entry & PRESENT) == 0) {
            return Reason.FIRST_STAGE_NOT_PRESENT.asEntry();
        }
        boolean leaf = level == 0 || (entry & LARGE) != 0;
        if (level > 0 && leaf && (level > HIGHEST_LEAF || (entry & (1L << shift) - 1 & ADDRESS & ~PAT_BIT) != 0)) {
            return Reason.FIRST_STAGE_RESERVED.asEntry();
        }
        long answer = leaf
                ? reach(entry, shift, iova, need, rights & entry)
                : descend(level - 1, entry & ADDRESS, iova, need, rights & entry);
        if ((answer & need & PageTable.PERMISSIONS) == 0) {
            return answer;
        }
        long marked = entry | accessed | (leaf && (need & PageTable.WRITE) != 0 ? DIRTY : 0);
        return marked == entry ? answer : mark(at, entry, marked, answer);
    }

    /// The second stage of a page that the first stage names.
    private long reach(long entry, int shift, long iova, long need, long rights) {
        boolean privileged = (need & PageTable.PRIVILEGED) != 0;
        if (!privileged && (rights & USER) == 0) {
            return Reason.SUPERVISOR_PAGE.asEntry();
        }
        boolean writable = (rights & WRITABLE) != 0 || privileged && !writeProtect;
        boolean write = (need & PageTable.WRITE) != 0;
        if (write && !writable) {
            return Reason.WRITE_DENIED.asEntry();
        }
        long within = (1L << shift) - 1;
        long target = entry & ADDRESS & ~within | iova & within;
        if (target > parent.aperture().last()) {
            return Reason.FIRST_STAGE_PAGE_LIMIT.asEntry();
        }
        long second = parent.walk(target, need & PageTable.PERMISSIONS);
        if ((second & need & PageTable.PERMISSIONS) == 0) {
            return Reason.of(second).asEntry();
        }
        // A cache may let a write through only where the page is marked dirty already.
        boolean dirty = write || (entry & DIRTY) != 0;
        return PageTable.frame(second) | second & (writable && dirty ? PageTable.PERMISSIONS : PageTable.READ);
    }

    /// Marks an entry, which is a write to guest memory like another.
    private long mark(long at, long entry, long marked, long answer) {
        long place = parent.walk(at, PageTable.WRITE);
        if ((place & PageTable.WRITE) == 0) {
            return Reason.FIRST_STAGE_ACCESSED.asEntry();
        }
        if (!HostMemory.compareAndSetLong(address(place, at), entry, marked)) {
            return CHANGED;
        }
        long frame = PageTable.frame(place) + (at & parent.granule() - 1);
        frames.memory(frame).watch().written(HostFrames.offset(frame), Long.BYTES);
        return answer;
    }

    private long address(long place, long at) {
        return frames.address(PageTable.frame(place)) + (at & parent.granule() - 1);
    }

    // ---- who is in it

    @Override
    void require(IommuDevice device) {
        parent.require(device);
    }

    @Override
    synchronized void enter(DmaContext context) {
        if (users.count() == 0) {
            parent.adopt(this);
        }
        users.add(context);
        parent.enter(context);
    }

    @Override
    synchronized void leave(DmaContext context) {
        parent.leave(context);
        users.remove(context);
        if (users.count() == 0) {
            parent.abandon(this);
        }
    }

    /// How many attachments there are, of requester ids and of PASIDs.
    public synchronized int attachments() {
        return users.count();
    }

    @Override
    public String toString() {
        return "first stage " + number() + " on " + parent;
    }
}
