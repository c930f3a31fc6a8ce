package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.Mapping;
import io.sluice.vmm.cpu.mmu.Mmu;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Decoded blocks by physical address, and which of them a write to memory makes stale.
///
/// A hash by physical address; before it stand [Jumps], by linear address. Owned by the vCPU thread.
final class BlockCache {
    private static final int BUCKETS = 1 << 16;
    /// So many blocks, and all are dropped: a bound on memory, far above what a boot needs (about 60,000).
    private static final int MAX_BLOCKS = 200_000;
    private static final int GRANULE_SHIFT = 6;

    /// Blocks that hold bytes of one physical page.
    private static final class CodePage {
        @Nullable
        Block blocks;
        /// Blocks that start in the page before and end in this one.
        final List<Block> crossing = new ArrayList<>();

        /// One bit for each 64 bytes that some block was decoded from.
        long granules;
    }

    private final AddressSpace memory;
    private final Mmu mmu;
    private final InterpreterCounters counters;
    private final Jumps jumps;
    private final @Nullable Block[] buckets = new Block[BUCKETS];
    private final Map<Long, CodePage> pages = new HashMap<>();
    private int blocks;

    BlockCache(AddressSpace memory, Mmu mmu, Jumps jumps, InterpreterCounters counters) {
        this.memory = memory;
        this.mmu = mmu;
        this.jumps = jumps;
        this.counters = counters;
    }

    private static int bucket(long physical) {
        return (int) (physical ^ physical >>> 16) & BUCKETS - 1;
    }

    @Nullable
    Block find(long physical, int mode) {
        for (var block = buckets[bucket(physical)]; block != null; block = block.hashNext) {
            if (block.physical == physical && block.mode == mode) {
                return block;
            }
        }
        return null;
    }

    /// To be called before bytes of the page are read for decoding: from now on writes to it are heard of.
    /// Returns `false` for pages that are not RAM; blocks from there are not kept.
    boolean watch(long gpaPage) {
        var ram = memory.find(gpaPage).asRam();
        if (ram == null) {
            return false;
        }
        var watch = ram.ram().watch();
        int page = pageOf(ram, gpaPage);
        if (!watch.isWatched(page)) {
            watch.mark(page);
            mmu.dropWritesTo(ram.host(gpaPage));
        }
        return true;
    }

    private static int pageOf(Mapping.Ram ram, long gpaPage) {
        return (int) (ram.offset() + (gpaPage - ram.first()) >>> 12);
    }

    void add(Block block) {
        if (++blocks > MAX_BLOCKS) {
            clear();
        }
        // Once more: a page walk for the second page may have written to the first (tables among the code) and ended
        // it.
        watch(block.physical & Mmu.PAGE_MASK);
        block.cached = true;
        int bucket = bucket(block.physical);
        block.hashNext = buckets[bucket];
        buckets[bucket] = block;
        var page = pages.computeIfAbsent(block.physical & Mmu.PAGE_MASK, p -> new CodePage());
        block.pageNext = page.blocks;
        page.blocks = block;
        int first = (int) block.physical & 0xFFF;
        page.granules |= granules(first, Math.min(0xFFF, first + block.bytes - 1));
        if (block.secondPage >= 0) {
            var second = pages.computeIfAbsent(block.secondPage, p -> new CodePage());
            second.crossing.add(block);
            second.granules |= granules(0, tail(block) - 1);
        }
    }

    /// Bytes of a crossing block in its second page.
    private static int tail(Block block) {
        return ((int) block.physical & 0xFFF) + block.bytes - 0x1000;
    }

    private static long granules(int first, int last) {
        int low = first >> GRANULE_SHIFT;
        int high = last >> GRANULE_SHIFT;
        return (-1L >>> 63 - (high - low)) << low;
    }

    /// Bytes `first..last` of the physical page were written: every block made from them is dropped.
    ///
    /// @return whether there were some
    boolean written(long gpaPage, int first, int last) {
        var page = pages.get(gpaPage);
        if (page == null) {
            // Its blocks went with [#clear].
            unwatch(gpaPage);
            return false;
        }
        if ((page.granules & granules(first, last)) == 0) {
            return false;
        }
        long before = counters.blocksOverwritten;
        long granules = keepOthers(page, first, last) | keepCrossing(page, first);
        page.granules = granules;
        if (page.blocks == null && page.crossing.isEmpty()) {
            pages.remove(gpaPage);
            unwatch(gpaPage);
        }
        return counters.blocksOverwritten != before;
    }

    private void unwatch(long gpaPage) {
        var ram = memory.find(gpaPage).asRam();
        if (ram != null) {
            ram.ram().watch().unmark(pageOf(ram, gpaPage));
            mmu.forgetSlowWrites();
        }
    }

    /// Drops the blocks that start in the page and overlap `first..last`; the granules of the others.
    private long keepOthers(CodePage page, int first, int last) {
        Block kept = null;
        long granules = 0;
        for (var block = page.blocks; block != null; ) {
            var next = block.pageNext;
            int from = (int) block.physical & 0xFFF;
            int to = from + block.bytes - 1;
            if (from <= last && to >= first) {
                drop(block);
            } else if (block.valid) {
                block.pageNext = kept;
                kept = block;
                granules |= granules(from, Math.min(0xFFF, to));
            }
            block = next;
        }
        page.blocks = kept;
        return granules;
    }

    private long keepCrossing(CodePage page, int first) {
        long granules = 0;
        for (var i = page.crossing.iterator(); i.hasNext(); ) {
            var block = i.next();
            if (first < tail(block)) {
                drop(block);
            }
            if (block.valid) {
                granules |= granules(0, tail(block) - 1);
            } else {
                i.remove();
            }
        }
        return granules;
    }

    private void drop(Block block) {
        if (block.valid) {
            counters.blocksOverwritten++;
            block.invalidate();
            unlink(block);
        }
    }

    private void unlink(Block block) {
        blocks--;
        int bucket = bucket(block.physical);
        if (buckets[bucket] == block) {
            buckets[bucket] = block.hashNext;
            return;
        }
        for (var before = buckets[bucket]; before != null; before = before.hashNext) {
            if (before.hashNext == block) {
                before.hashNext = block.hashNext;
                return;
            }
        }
    }

    /// Drops every block; pages stay watched until they are written.
    void clear() {
        counters.cacheFlushes++;
        boolean few = blocks < buckets.length / 16;
        for (var page : pages.values()) {
            for (var block = page.blocks; block != null; block = block.pageNext) {
                block.invalidate();
                if (few) {
                    buckets[bucket(block.physical)] = null;
                }
            }
        }
        pages.clear();
        if (!few) {
            Arrays.fill(buckets, null);
        }
        jumps.clear();
        blocks = 0;
    }
}
