package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.bus.AddressSpace;
import org.jspecify.annotations.Nullable;

/// Finds out which blocks are worth a translation, and which others go with them.
///
/// In two stages. A block that was interpreted often becomes a region with what is warm around it and is in no region
/// yet; it counts how often its blocks run. Where such a region is entered often, a second one begins, which has what
/// ran often from there on, the functions that it calls included, though they are in other regions too. It does not
/// count, and suits what the guest did then. Once it was entered very often, which a region is when it is left as often
/// for another, it goes back to the first stage; each time it may be entered more often before it does again.
final class HotCode {
    /// Of one region. The fewer of them, the less often one is left for another; HotSpot compiles larger ones more
    /// slowly.
    private static final int MOST_INSTRUCTIONS = 200;
    private static final int MOST_INSTRUCTIONS_AGAIN = 400;
    /// Of one region that was too large for a method of the JVM.
    private static final int LEAST_INSTRUCTIONS = 10;
    /// A block whose region is made anew runs so many times as often as one that is translated.
    private static final int UNTIL_AGAIN = 16;
    /// A region of the second stage goes back to the first after so many times the runs that brought it there, at
    /// first: some seconds of the work that it does not suit.
    private static final int UNTIL_BACK = 32;
    /// So many times more the next time.
    private static final int PATIENCE = 4;
    /// So many regions, and everything is dropped: a bound on memory.
    private static final int MOST_REGIONS = 10_000;
    /// A block that has run so many times less often than a hot one still goes with it.
    private static final int WARM = 8;
    /// The same for a region that is made anew.
    private static final int WARM_AGAIN = 32;
    /// So many instructions must lie between two misses of one instruction on average, or it is left to the
    /// interpreter.
    private static final long SELDOM = 10_000;

    private final Translator translator;
    /// How often a block is interpreted before it is translated.
    private final int hotAt;
    /// How often it runs in all until its region is made anew.
    private final int againAt;

    private final Core core;
    private final BlockCache cache;
    private final CodeSource source;
    private final InterpreterCounters counters;
    private int regions;

    HotCode(
            Translator translator,
            int hotAt,
            Core core,
            AddressSpace memory,
            BlockCache cache,
            InterpreterCounters counters) {
        this.translator = translator;
        this.hotAt = hotAt;
        this.againAt = Math.clamp((long) hotAt * UNTIL_AGAIN, 1, Integer.MAX_VALUE);
        this.core = core;
        this.cache = cache;
        this.source = new CodeSource(core, memory, cache);
        this.counters = counters;
    }

    /// `block` is about to run once more, at `rip`; it may be translated first.
    ///
    /// @param uncounted how often it ran before without being counted
    void count(Block block, int uncounted) {
        var region = block.region;
        if (region == null) {
            if (block.heat++ == hotAt && canTranslate(block)) {
                translate(block, null, MOST_INSTRUCTIONS);
            }
        } else if (!region.isSecond) {
            block.heat += 1 + uncounted;
            if (block.heat >= againAt) {
                translate(block, region, MOST_INSTRUCTIONS_AGAIN);
            }
        } else {
            region.entered += 1 + uncounted;
            if (region.entered >= region.patience * UNTIL_BACK * againAt) {
                goBack(region, block);
            }
        }
    }

    /// A region of the second stage goes back to the first.
    ///
    /// @param entered its block that is about to run
    private void goBack(Region region, Block entered) {
        long base = core.state.rip - entered.entryOffset;
        region.entered = 0;
        if (isThere(region, base)) {
            region.patience *= PATIENCE;
            makeAnew(region, base, false);
        }
    }

    /// @param second whether it is one of the second stage then
    private void makeAnew(Region region, long base, boolean second) {
        var hot = region.hot;
        if (hot == null) {
            return;
        }
        var selection = new Selection(source, hot, base);
        region.members().forEach(selection::add);
        make(selection, region, second);
        region.retire();
    }

    /// How often a region may be entered at a block before [#count] hears of it again.
    int mostUncounted(Region region) {
        return region.isSecond ? againAt : hotAt / 2;
    }

    /// A region was left for its access at the start of `block`, which the interpreter is about to do. If that happens
    /// often the region is made anew, with more care for the instruction: see [RegionPlan.Step.Care].
    ///
    /// @param base `rip` that the start of the region's first page has
    /// @param instructions run by the vCPU so far
    void missed(Region region, long base, Block block, long instructions) {
        if (block.misses++ == 0) {
            block.missesSince = instructions;
        }
        int many = Math.max(1, hotAt / 2);
        if (block.misses < many) {
            return;
        }
        block.misses = 0;
        if (instructions - block.missesSince <= many * SELDOM && region.isLive) {
            source.takeCare(block.physical);
            makeAnew(region, base, region.isSecond);
        }
    }

    private static boolean canTranslate(Block block) {
        return block.cached && block.valid && Core.translates(block.mode);
    }

    /// Has a region made for a block that is about to run, and what goes with it.
    ///
    /// @param first the region that it has, if this is the second stage
    private void translate(Block hot, @Nullable Region first, int most) {
        var selection = new Selection(source, hot, core.state.rip - hot.offset());
        if (first == null) {
            selection.grow(most, block -> canTranslate(block) && block.region == null ? block.heat : -1, hotAt / WARM);
        } else {
            long least = Math.max(hotAt / WARM, hot.runs() / WARM_AGAIN);
            selection.grow(most, block -> canTranslate(block) ? block.runs() : -1, least);
        }
        if (!make(selection, first, first != null) && most >= 2 * LEAST_INSTRUCTIONS) {
            translate(hot, first, most * 3 / 4);
        }
    }

    /// @return `false` if it would be too large
    private boolean make(Selection selection, @Nullable Region replaced, boolean second) {
        if (regions == MOST_REGIONS) {
            regions = 0;
            cache.clear();
            return true;
        }
        var parts = selection.parts();
        var region = parts.isEmpty() ? null : translator.translate(new RegionPlan(parts, !second));
        if (region == null) {
            return false;
        }
        regions++;
        counters.regionsBuilt++;
        region.isSecond = second;
        region.patience = replaced == null ? 1 : replaced.patience;
        region.take(selection.hot, selection.members(), selection.pages(), replaced);
        return true;
    }

    /// Whether what it was made of lies there still, seen from `base`.
    boolean isThere(Region region, long base) {
        for (var page : region.pages) {
            if (source.physicalPage(base + page.offset()) != page.physical()) {
                return false;
            }
        }
        region.isValidAt(core.mmu.codeKey(base), base);
        return true;
    }
}
