package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.memory.NativeTable;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Which block is at a linear address in a translation context, and which region runs there: what is asked between any
/// two blocks. Each answer has a place, by its number.
///
/// A guest's kernel runs through some thousand of them in turn, more than the host's nearest caches hold beside the
/// code. So all that is needed to go on lies in one half of a line of theirs (`.ci/nvme-beside-qemu` pays for it), four
/// places to a set, and what nobody translated takes at most one place of a set from what was.
final class Jumps {
    /// Not known.
    static final int NOWHERE = -1;

    private static final int WAYS = 4;
    private static final int SET_BITS = 12;
    private static final int PLACES = WAYS << SET_BITS;
    /// The first region has 1.
    private static final int MOST_REGIONS = 1 << 14;

    // A place: four longs
    private static final int PLACE_BYTES = 32;
    private static final int KEY = 8;
    /// Of the region, in 16 bits; the number of its block, in 16 bits; offset of that, in 32.
    private static final int REGION = 16;
    /// How often the region has run here since [#settle], and how often it may, in 32 bits each.
    private static final int RUNS = 24;
    private static final long NO_KEY = -1L;

    private final NativeTable table = new NativeTable(PLACES * PLACE_BYTES / 8);
    private final long first = table.base();
    private final @Nullable Block[] blocks = new Block[PLACES];
    private final @Nullable Region[] regions = new Region[MOST_REGIONS];
    private int lastRegion;
    /// Nothing was added since it was cleared.
    private boolean empty;

    Jumps() {
        clear();
    }

    private static int setOf(long linear, long key) {
        return (int) ((linear ^ key) * 0x9E37_79B9_7F4A_7C15L >>> 64 - SET_BITS) * WAYS;
    }

    private long at(int place) {
        return first + (long) place * PLACE_BYTES;
    }

    /// @param key context, generation and mode
    /// @return the place, or [#NOWHERE]
    int find(long linear, long key) {
        int place = setOf(linear, key);
        for (int end = place + WAYS; place < end; place++) {
            long at = at(place);
            if (NativeTable.get(at) == linear && NativeTable.get(at + KEY) == key) {
                return place;
            }
        }
        return NOWHERE;
    }

    /// The block at a place, if it is still there.
    @Nullable
    Block block(int place) {
        var block = blocks[place];
        return block != null && block.valid ? block : null;
    }

    /// The region that is to run without further questions, if there is one; that is counted.
    @Nullable
    Region take(int place) {
        long at = at(place);
        var region = regions[(int) NativeTable.get(at + REGION) & MOST_REGIONS - 1];
        long runs = NativeTable.get(at + RUNS);
        if (region == null || (int) runs == (int) (runs >>> 32)) {
            return null;
        }
        NativeTable.put(at + RUNS, runs + 1);
        return region;
    }

    /// Number of the block in the region.
    int entry(int place) {
        return (int) NativeTable.get(at(place) + REGION) >>> 16;
    }

    /// Offset of the block from the start of the region's first page.
    int entryOffset(int place) {
        return (int) (NativeTable.get(at(place) + REGION) >> 32);
    }

    /// How often a region has run since [#settle].
    int runs(int place) {
        return (int) NativeTable.get(at(place) + RUNS);
    }

    /// Takes note of a block. Of four in a set one for which no region is known goes, or else the one settled first.
    void add(long linear, long key, Block block) {
        empty = false;
        int known = find(linear, key);
        int place = known == NOWHERE ? placeFor(linear, key) : known;
        long at = at(place);
        NativeTable.put(at, linear);
        NativeTable.put(at + KEY, key);
        NativeTable.put(at + REGION, 0);
        NativeTable.put(at + RUNS, 0);
        blocks[place] = block;
    }

    private int placeFor(long linear, long key) {
        int set = setOf(linear, key);
        int last = set + WAYS - 1;
        for (int place = last; place >= set; place--) {
            if (NativeTable.get(at(place) + REGION) == 0) {
                return place;
            }
        }
        return last;
    }

    /// From now on [Block#region] runs at a place, until it is retired or has run `times`.
    void settle(int place, Region region, int times) {
        int number = numberOf(region);
        var block = blocks[place];
        if (block == null) {
            return;
        }
        int set = place & -WAYS;
        long linear = NativeTable.get(at(place));
        long key = NativeTable.get(at(place) + KEY);
        // It comes to the front of its set, so that the last in it is the one that was settled first.
        for (int i = place; i > set; i--) {
            move(i - 1, i);
        }
        long at = at(set);
        NativeTable.put(at, linear);
        NativeTable.put(at + KEY, key);
        NativeTable.put(at + REGION, (long) block.entryOffset << 32 | (long) block.entry << 16 | number);
        NativeTable.put(at + RUNS, (long) times << 32);
        blocks[set] = block;
    }

    private void move(int from, int to) {
        for (int i = 0; i < PLACE_BYTES; i += 8) {
            NativeTable.put(at(to) + i, NativeTable.get(at(from) + i));
        }
        blocks[to] = blocks[from];
    }

    private int numberOf(Region region) {
        if (!region.equals(regions[region.number])) {
            if (lastRegion == MOST_REGIONS - 1) {
                clear();
            }
            regions[++lastRegion] = region;
            region.knownAs(lastRegion, this);
        }
        return region.number;
    }

    /// A region was retired: it runs nowhere any more.
    void forget(Region region) {
        if (region.equals(regions[region.number])) {
            regions[region.number] = null;
        }
    }

    void clear() {
        if (empty) {
            return;
        }
        empty = true;
        for (int place = 0; place < PLACES; place++) {
            NativeTable.put(at(place) + KEY, NO_KEY);
            NativeTable.put(at(place) + REGION, 0);
            NativeTable.put(at(place) + RUNS, 0);
        }
        Arrays.fill(blocks, null);
        Arrays.fill(regions, null);
        lastRegion = 0;
    }
}
