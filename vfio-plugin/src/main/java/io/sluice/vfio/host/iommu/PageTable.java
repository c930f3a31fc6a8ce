package io.sluice.vfio.host.iommu;

import io.sluice.vfio.host.Steps;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/// A radix tree from I/O virtual pages to frames: 512 entries a level, leaves on the three lowest levels.
///
/// One thread at a time changes it; any number walk it meanwhile, without a lock and without garbage. A node that a
/// change has cut off is not used again before [#reclaim], which is to be called when no walk of before is under way.
final class PageTable {
    static final long READ = 1;
    static final long WRITE = 2;
    static final long PERMISSIONS = READ | WRITE;
    /// Somebody has written through this entry since dirty tracking looked last.
    static final long DIRTY = 8;
    /// In what is needed, not in an entry: the request has supervisor's privilege.
    static final long PRIVILEGED = 1L << 32;
    /// Nothing is mapped there.
    static final long NONE = 0;

    private static final long LEAF = 4;
    static final int FLAG_BITS = 4;
    private static final long FLAGS = (1 << FLAG_BITS) - 1;

    private static final int LEVEL_BITS = 9;
    private static final int ENTRIES = 1 << LEVEL_BITS;
    private static final int HIGHEST_LEAF = 2;
    private static final int CHUNK_BITS = 4;
    private static final int CHUNK = 1 << CHUNK_BITS;
    private static final int ROOT = 0;

    private static final VarHandle ENTRY = MethodHandles.arrayElementVarHandle(long[].class);

    private final int granuleShift;
    private final int top;
    private final int largestLeaf;
    private final Steps steps;

    /// Node `n` is entries `(n % CHUNK) * ENTRIES` on of chunk `n / CHUNK`. A walk reads this field after the entry
    /// that
    /// named the node, so it sees the chunk.
    private long[][] chunks = new long[1][];
    /// Entries in use, by node.
    private int[] used = new int[CHUNK];
    private int made;
    private int[] free = new int[CHUNK];
    private int freeCount;
    private int[] cut = new int[CHUNK];
    private int cutCount;

    /// @param granuleShift log2 of the smallest page
    /// @param levels the tree translates `granuleShift + 9 * levels` bits
    /// @param largePages whether leaves are as large as they can be, or of the smallest size always
    /// @param steps a node is one
    PageTable(int granuleShift, int levels, boolean largePages, Steps steps) {
        if (granuleShift < FLAG_BITS || levels < 1 || granuleShift + LEVEL_BITS * levels > Long.SIZE - 1) {
            throw new IllegalArgumentException("no page table of granule 2^" + granuleShift + " and " + levels);
        }
        this.granuleShift = granuleShift;
        this.steps = steps;
        this.top = levels - 1;
        this.largestLeaf = largePages ? Math.min(HIGHEST_LEAF, top) : 0;
        newNode();
    }

    PageTable(TableFormat format, Steps steps) {
        this(format.granuleShift(), format.levels(), format.largePages(), steps);
    }

    int granuleShift() {
        return granuleShift;
    }

    /// The first address that is too large.
    long limit() {
        return 1L << granuleShift + LEVEL_BITS * (top + 1);
    }

    // ---- walks; any thread

    /// The entry of the smallest page that `iova` lies in: its frame, the permissions, [#DIRTY]; [#NONE] if nothing is
    /// mapped there.
    long walk(long iova) {
        if (iova < 0 || iova >= limit()) {
            return NONE;
        }
        int node = ROOT;
        for (int level = top; ; level--) {
            long entry = (long) ENTRY.getAcquire(chunks[node >> CHUNK_BITS], slot(node, iova, level));
            if (entry == NONE) {
                return NONE;
            }
            if ((entry & LEAF) != 0) {
                long within = iova & (1L << shift(level)) - 1 & -1L << granuleShift;
                return (entry & ~LEAF) + within;
            }
            node = (int) entry >>> FLAG_BITS;
        }
    }

    /// Notes that `iova` is being written to. Nothing happens if it is not mapped any more.
    void markDirty(long iova) {
        int node = ROOT;
        for (int level = top; level >= 0; level--) {
            var chunk = chunks[node >> CHUNK_BITS];
            int slot = slot(node, iova, level);
            long entry = (long) ENTRY.getAcquire(chunk, slot);
            if (entry == NONE) {
                return;
            }
            if ((entry & LEAF) != 0) {
                while (entry != NONE && (entry & DIRTY) == 0) {
                    long seen = (long) ENTRY.compareAndExchange(chunk, slot, entry, entry | DIRTY);
                    if (seen == entry) {
                        return;
                    }
                    entry = seen;
                }
                return;
            }
            node = (int) entry >>> FLAG_BITS;
        }
    }

    /// The frame in an entry.
    static long frame(long entry) {
        return entry & ~FLAGS;
    }

    private int shift(int level) {
        return granuleShift + LEVEL_BITS * level;
    }

    private int slot(int node, long iova, int level) {
        return (node & CHUNK - 1) << LEVEL_BITS | (int) (iova >>> shift(level)) & ENTRIES - 1;
    }

    private long get(int node, int slot) {
        return chunks[node >> CHUNK_BITS][slot];
    }

    private void set(int node, int slot, long entry) {
        ENTRY.setRelease(chunks[node >> CHUNK_BITS], slot, entry);
    }

    // ---- changes; one thread at a time

    /// Maps `length` bytes at `iova` to the frames from `frame` on, in the largest pages that fit.
    ///
    /// @param frame has its low bits clear down to the granule
    /// @param permissions [#READ] and [#WRITE]
    /// @throws IllegalStateException if something is mapped there; then what was mapped before it stays mapped
    void map(long iova, long frame, long length, long permissions) {
        requireRange(iova, length);
        long at = iova;
        long left = length;
        while (left > 0) {
            int level = leafLevel(at, frame, left);
            int node = nodeFor(at, level);
            int slot = slot(node, at, level);
            int end = (slot | ENTRIES - 1) + 1;
            long size = 1L << shift(level);
            do {
                if (get(node, slot) != NONE) {
                    throw new IllegalStateException("IOVA 0x" + Long.toHexString(at) + " is mapped already");
                }
                set(node, slot, frame | permissions | LEAF);
                used[node]++;
                slot++;
                at += size;
                frame += size;
                left -= size;
            } while (slot < end && left >= size && leafLevel(at, frame, left) == level);
        }
    }

    private void requireRange(long iova, long length) {
        long mask = (1L << granuleShift) - 1;
        if (length <= 0 || iova < 0 || iova > limit() - length || ((iova | length) & mask) != 0) {
            throw new IllegalArgumentException("IOVA range 0x" + Long.toHexString(iova) + " + " + length);
        }
    }

    private int leafLevel(long iova, long frame, long length) {
        for (int level = largestLeaf; level > 0; level--) {
            long size = 1L << shift(level);
            if (length >= size && ((iova | frame) & size - 1) == 0 && !hasNode(iova, level)) {
                return level;
            }
        }
        return 0;
    }

    /// Whether there is a node below the entry for `iova` on `level`.
    private boolean hasNode(long iova, int level) {
        int node = ROOT;
        for (int above = top; above >= level; above--) {
            long entry = get(node, slot(node, iova, above));
            if (entry == NONE || (entry & LEAF) != 0) {
                return false;
            }
            node = (int) entry >>> FLAG_BITS;
        }
        return true;
    }

    private int nodeFor(long iova, int level) {
        int node = ROOT;
        for (int above = top; above > level; above--) {
            int slot = slot(node, iova, above);
            long entry = get(node, slot);
            if ((entry & LEAF) != 0) {
                throw new IllegalStateException("IOVA 0x" + Long.toHexString(iova) + " is mapped already");
            }
            if (entry == NONE) {
                steps.pass("iommu.map.node");
                int below = newNode();
                set(node, slot, (long) below << FLAG_BITS | READ);
                used[node]++;
                node = below;
            } else {
                node = (int) entry >>> FLAG_BITS;
            }
        }
        return node;
    }

    private int newNode() {
        if (freeCount > 0) {
            return free[--freeCount];
        }
        if (made >> CHUNK_BITS == chunks.length) {
            chunks = Arrays.copyOf(chunks, 2 * chunks.length);
        }
        if ((made & CHUNK - 1) == 0) {
            chunks[made >> CHUNK_BITS] = new long[CHUNK * ENTRIES];
            used = Arrays.copyOf(used, made + CHUNK);
        }
        return made++;
    }

    /// Unmaps everything in a range; holes are skipped. Mappings that reach out of it are an error of the caller's.
    ///
    /// @throws IllegalStateException if a large page is cut; what lies before it is unmapped then
    void unmap(long iova, long length) {
        requireRange(iova, length);
        unmap(ROOT, top, iova, iova + length - 1);
    }

    /// @return whether the node is empty now
    private boolean unmap(int node, int level, long first, long last) {
        int shift = shift(level);
        long size = 1L << shift;
        int slot = slot(node, first, level);
        int end = slot(node, last, level);
        long at = first & -size;
        for (; slot <= end; slot++, at += size) {
            long entry = get(node, slot);
            if (entry == NONE) {
                continue;
            }
            long from = Math.max(first, at);
            long to = Math.min(last, at + size - 1);
            if ((entry & LEAF) != 0) {
                if (from != at || to != at + size - 1) {
                    throw new IllegalStateException("a page of " + size + " bytes would be cut");
                }
                set(node, slot, NONE);
                used[node]--;
            } else {
                int below = (int) entry >>> FLAG_BITS;
                if (unmap(below, level - 1, from, to)) {
                    set(node, slot, NONE);
                    used[node]--;
                    cutOff(below);
                }
            }
        }
        return used[node] == 0;
    }

    private void cutOff(int node) {
        if (cutCount == cut.length) {
            cut = Arrays.copyOf(cut, 2 * cutCount);
        }
        cut[cutCount++] = node;
    }

    /// Nobody walks through what was cut off any more: it may be used again.
    void reclaim() {
        if (freeCount + cutCount > free.length) {
            free = Arrays.copyOf(free, Math.max(2 * free.length, freeCount + cutCount));
        }
        System.arraycopy(cut, 0, free, freeCount, cutCount);
        freeCount += cutCount;
        cutCount = 0;
    }

    // ---- dirty tracking; one thread at a time

    /// Told of dirty pages.
    interface DirtySink {
        /// @param length bytes that the entry covers within the range that was asked for
        void dirty(long iova, long length);
    }

    /// Tells of every dirty entry in a range, and clears it if asked to.
    void dirty(long iova, long length, boolean clear, DirtySink sink) {
        dirty(ROOT, top, iova, iova + length - 1, clear, sink);
    }

    private void dirty(int node, int level, long first, long last, boolean clear, DirtySink sink) {
        long size = 1L << shift(level);
        int slot = slot(node, first, level);
        int end = slot(node, last, level);
        long at = first & -size;
        for (; slot <= end; slot++, at += size) {
            long entry = get(node, slot);
            if (entry == NONE) {
                continue;
            }
            long from = Math.max(first, at);
            long to = Math.min(last, at + size - 1);
            if ((entry & LEAF) == 0) {
                dirty((int) entry >>> FLAG_BITS, level - 1, from, to, clear, sink);
            } else if ((entry & DIRTY) != 0) {
                sink.dirty(from, to - from + 1);
                if (clear) {
                    ENTRY.getAndBitwiseAnd(chunks[node >> CHUNK_BITS], slot, ~DIRTY);
                }
            }
        }
    }

    // ---- for those who look

    /// log2 of the page that `iova` lies in; -1 if nothing is mapped there.
    int pageShift(long iova) {
        int node = ROOT;
        for (int level = top; level >= 0; level--) {
            long entry = get(node, slot(node, iova, level));
            if (entry == NONE) {
                return -1;
            }
            if ((entry & LEAF) != 0) {
                return shift(level);
            }
            node = (int) entry >>> FLAG_BITS;
        }
        return -1;
    }

    /// Bytes that the tree takes.
    long bytes() {
        return (long) (made + CHUNK - 1 >> CHUNK_BITS) * CHUNK * ENTRIES * Long.BYTES;
    }

    /// Nodes that are in use.
    int nodes() {
        return made - freeCount - cutCount;
    }
}
