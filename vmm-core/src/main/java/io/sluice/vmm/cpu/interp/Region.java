package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.state.GuestFault;
import java.util.Collections;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/// Hot blocks that were translated together. It can be entered at each of them; it is left where it leads
/// out of them, when its time is up, and when something asks for attention.
public abstract class Region {
    private final Point[] points;
    /// How often each block of it ran, in the order of [RegionPlan#parts]; empty if that is not counted.
    protected final long[] runs;
    private SortedMap<Integer, Block> members = Collections.emptySortedMap();
    /// What it was made for.
    @Nullable
    Block hot;

    Page[] pages = {};
    private long validKey;
    private long validBase;
    /// In [#jumps].
    int number;

    private @Nullable Jumps jumps;
    /// It was made in the second stage; see [HotCode].
    boolean isSecond;
    /// How often it was entered, as far as that was counted; if it is of the second stage.
    long entered;
    /// How much longer it stays in the second stage than one that is there for the first time.
    long patience = 1;
    /// Nothing that it was made of was overwritten.
    boolean isLive = true;

    /// A page that it has code of.
    ///
    /// @param offset of its start from that of the first
    record Page(int offset, long physical) {}

    /// A place in the region where a fault may come up.
    ///
    /// @param offset of its instruction from the start of the first page
    /// @param rest how many instructions of its block are not done then, itself included
    /// @param onStack whether an address that is not canonical is one of the stack segment
    public record Point(int offset, int rest, boolean onStack) {}

    /// @param points by the numbers that it gives to [Core#suspend]
    /// @param counted of how many blocks it counts the runs
    protected Region(Point[] points, int counted) {
        this.points = points;
        this.runs = new long[counted];
    }

    /// Runs from one of its blocks on. On return `rip` and all else are as after the last instruction that ran, but the
    /// flags, see [io.sluice.vmm.cpu.state.CpuState#lazyKind]. A [GuestFault] is thrown where the last [Core#suspend]
    /// was.
    ///
    /// @param base `rip` that the start of its first page has
    /// @param entry number of the block, in the order of [RegionPlan#parts]
    /// @param limit the region is left at a backward jump when so many instructions were run
    /// @return instructions run; their complement if the next is to be interpreted, for it missed the translation cache
    public abstract int run(Core core, long base, int entry, int limit);

    /// Sets `rip` and [Core#executed] to what they were before the instruction that faulted; the fault as it is to be
    /// raised.
    GuestFault located(GuestFault fault, Core core, long base) {
        var point = points[core.faultPoint];
        core.executed -= point.rest;
        core.state.rip = base + point.offset;
        return fault.isNotCanonical() && point.onStack ? GuestFault.ss0() : fault;
    }

    /// What it was made of, by offsets, in the order of [RegionPlan#parts].
    SortedMap<Integer, Block> members() {
        return members;
    }

    /// Has blocks lead here, those that led nowhere or to the region that it replaces.
    ///
    /// @param first what it was made for
    /// @param blocks by their offsets, in the order of [RegionPlan#parts]
    /// @param all the pages, if they are several
    void take(Block first, SortedMap<Integer, Block> blocks, Page[] all, @Nullable Region replaced) {
        hot = first;
        members = blocks;
        pages = all;
        if (replaced != null && replaced.runs.length == runs.length) {
            System.arraycopy(replaced.runs, 0, runs, 0, runs.length);
        }
        int number = 0;
        for (var entry : blocks.entrySet()) {
            var block = entry.getValue();
            block.regions.add(this);
            if (block.region == null || block.region.equals(replaced)) {
                block.heat = heatOf(block, replaced);
                block.region = this;
                block.entry = number;
                block.entryOffset = entry.getKey();
            }
            number++;
        }
    }

    /// Of the second stage, which does not count: as often as it ran. In the first stage it tells when it is hot enough
    /// for the second, and counts from nothing again if it comes from there.
    private int heatOf(Block block, @Nullable Region replaced) {
        if (isSecond) {
            return (int) Math.min(Integer.MAX_VALUE, block.runs());
        }
        return replaced != null && replaced.isSecond ? 0 : block.heat;
    }

    /// From now on it is known to `who` by a number.
    void knownAs(int number, Jumps who) {
        this.number = number;
        this.jumps = who;
    }

    /// Its pages have been looked at under this key (see [io.sluice.vmm.cpu.mmu.Mmu#codeKey]) from this base.
    void isValidAt(long codeKey, long base) {
        validKey = codeKey;
        validBase = base;
    }

    /// Whether it need not be looked at what is in its pages.
    boolean isKnownAt(long codeKey, long base) {
        return pages.length == 0 || validKey == codeKey && validBase == base;
    }

    /// One of its blocks was overwritten, or another has its place: none leads here any more.
    void retire() {
        isLive = false;
        if (jumps != null) {
            jumps.forget(this);
        }
        for (var block : members.values()) {
            block.regions.remove(this);
            if (equals(block.region)) {
                block.region = null;
                block.heat = 0;
            }
        }
        members = Collections.emptySortedMap();
    }
}
