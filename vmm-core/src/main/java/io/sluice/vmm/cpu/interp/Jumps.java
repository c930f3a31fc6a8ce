package io.sluice.vmm.cpu.interp;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Which block is at a linear address in a translation context: what is asked between any two blocks. Two places for
/// each; the one that was filled last gives way last.
final class Jumps {
    private static final int SLOTS = 1 << 14;

    /// One answer, with all that is needed to run what is there, so that little else has to be in the host's caches.
    static final class Jump {
        private final long linear;
        private final long key;
        final Block block;
        /// Set if its pages have been looked at under the key.
        private @Nullable Region region;
        /// How often it has run here since [#settle].
        private int runs;

        private int mostRuns;

        int entry;
        /// `rip` that the start of the region's first page has.
        long base;

        private Jump(long linear, long key, Block block) {
            this.linear = linear;
            this.key = key;
            this.block = block;
        }

        private boolean is(long linear, long key) {
            return this.linear == linear && this.key == key;
        }

        /// The region that is to run here without further questions, if there is one.
        @Nullable
        Region take() {
            var known = region;
            if (known == null || runs == mostRuns || !known.isLive) {
                return null;
            }
            runs++;
            return known;
        }

        /// How often the region has run since [#settle].
        int runs() {
            return runs;
        }

        /// From now on [Block#region] runs here, until it is retired or has run `times`.
        void settle(Region known, long rip, int times) {
            region = known;
            runs = 0;
            mostRuns = times;
            entry = block.entry;
            base = rip - block.entryOffset;
        }
    }

    private final @Nullable Jump[] slots = new Jump[SLOTS];

    private static int index(long linear, long key) {
        return (int) (linear ^ linear >>> 14 ^ key) & SLOTS - 1;
    }

    /// @param key context, generation and mode
    @Nullable
    Jump find(long linear, long key) {
        int i = index(linear, key);
        var jump = slots[i];
        if (jump != null && jump.is(linear, key)) {
            return jump;
        }
        jump = slots[i ^ 1];
        return jump != null && jump.is(linear, key) ? jump : null;
    }

    void add(long linear, long key, Block block) {
        int i = index(linear, key);
        slots[i ^ 1] = slots[i];
        slots[i] = new Jump(linear, key, block);
    }

    void clear() {
        Arrays.fill(slots, null);
    }
}
