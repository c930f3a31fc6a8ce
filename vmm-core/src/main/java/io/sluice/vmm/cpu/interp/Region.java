package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.state.GuestFault;

/// Hot blocks of one page that were translated together. It can be entered at each of them; it is left where it leads
/// out of them, when its time is up, and when something asks for attention.
public abstract class Region {
    private final Point[] points;
    private Block[] members = {};

    /// A place in the region where a fault may come up.
    ///
    /// @param offset of its instruction in the page
    /// @param rest how many instructions of its block are not done then, itself included
    /// @param onStack whether an address that is not canonical is one of the stack segment
    public record Point(int offset, int rest, boolean onStack) {}

    /// @param points by the numbers that it gives to [Core#suspend]
    protected Region(Point[] points) {
        this.points = points;
    }

    /// Runs from one of its blocks on. On return `rip` and all else are as after the last instruction that ran, but the
    /// flags, which may be pending. A [GuestFault] is thrown where the last [Core#suspend] was.
    ///
    /// @param base `rip` that the start of its page has
    /// @param entry number of the block, in the order of [RegionPlan#parts]
    /// @param limit the region is left at a backward jump when so many instructions were run
    /// @return instructions run
    public abstract int run(Core core, long base, int entry, int limit);

    /// Sets `rip` and [Core#executed] to what they were before the instruction that faulted; the fault as it is to be
    /// raised.
    GuestFault located(GuestFault fault, Core core, long base) {
        var point = points[core.faultPoint];
        core.executed -= point.rest;
        core.state.rip = base + point.offset;
        return fault.isNotCanonical() && point.onStack ? GuestFault.ss0() : fault;
    }

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
