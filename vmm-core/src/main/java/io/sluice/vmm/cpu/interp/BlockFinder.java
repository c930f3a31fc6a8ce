package io.sluice.vmm.cpu.interp;

/// Finds the block at a linear address that [Jumps] do not know: by its physical address, or by
/// decoding it. A debugger's breakpoints are looked at here.
final class BlockFinder {
    private final Core core;
    private final BlockCache cache;
    private final Jumps jumps;
    private final BlockBuilder builder;
    private final InterpreterCounters counters;
    private boolean tellsDecoded;

    BlockFinder(Core core, BlockCache cache, Jumps jumps, BlockBuilder builder, InterpreterCounters counters) {
        this.core = core;
        this.cache = cache;
        this.jumps = jumps;
        this.builder = builder;
        this.counters = counters;
    }

    /// @param key of `linear` and `mode`, for the cache
    Block find(long linear, int mode, long key) {
        var stop = core.debug.inPlaceOf(linear);
        if (stop != null) {
            return stop;
        }
        long physical = core.mmu.fetch(linear);
        var block = decoded(linear, physical, mode);
        if (core.debug.isBehind(linear, block.bytes)) {
            block = decoded(linear, physical, mode | Core.MODE_SINGLE);
        }
        if (block.cached && !core.debug.isAt(linear)) {
            jumps.add(linear, key, block);
        }
        return block;
    }

    private Block decoded(long linear, long physical, int mode) {
        var block = cache.find(physical, mode);
        if (block != null && block.secondPage >= 0 && core.mmu.fetch(secondPage(linear)) != block.secondPage) {
            block = null;
        }
        if (block == null) {
            boolean keep = cache.watch(physical & ~0xFFFL);
            int most = (mode & Core.MODE_SINGLE) != 0 ? 1 : BlockBuilder.MAX_INSTRUCTIONS;
            counters.blocksBuilt++;
            block = builder.build(linear, physical, mode, most, cache);
            core.told.decoded(linear, block);
            if (keep) {
                cache.add(block);
            }
        }
        return block;
    }

    private long secondPage(long linear) {
        long next = (linear & ~0xFFFL) + 0x1000;
        return core.is64() ? next : next & 0xFFFF_FFFFL;
    }

    /// Who wants to hear of decoded blocks hears of those that are known already too.
    void decodeAnew() {
        if (core.told.wantsDecoded() && !tellsDecoded) {
            cache.clear();
        }
        tellsDecoded = core.told.wantsDecoded();
    }
}
