package io.sluice.vmm.cpu.interp;

/// Hot blocks of one page that were translated together. It can be entered at each of them; it is left where it leads
/// out of them, when its time is up, and when something asks for attention.
public abstract class Region {
    private Block[] members = {};

    protected Region() {}

    /// Runs from one of its blocks on. On return `rip`, the flags and all else are as after the last instruction that
    /// ran. A fault is thrown with `rip` at the instruction that raised it and [Core#executed] set.
    ///
    /// @param base `rip` that the start of its page has
    /// @param entry number of the block, in the order of [RegionPlan#parts]
    /// @param limit the region is left at a backward jump when so many instructions were run
    /// @return instructions run
    public abstract int run(Core core, long base, int entry, int limit);

    void take(Block[] blocks) {
        members = blocks;
        for (int i = 0; i < blocks.length; i++) {
            blocks[i].region = this;
            blocks[i].entry = i;
        }
    }

    /// One of its blocks was overwritten: none leads here any more.
    void retire() {
        for (var block : members) {
            block.region = null;
            block.heat = 0;
        }
        members = new Block[0];
    }
}
