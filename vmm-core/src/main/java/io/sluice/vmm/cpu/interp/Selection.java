package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.mmu.Mmu;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/// The blocks of one region in the making. Offsets count from the start of the page where the hot block is.
final class Selection {
    /// How far a region reaches from its first page.
    private static final long REACH = 1L << 30;

    private final CodeSource source;
    final Block hot;
    /// `rip` that the start of its page has.
    final long base;
    private int size;
    private final Map<Integer, Long> pages = new HashMap<>();
    private final Map<Integer, List<RegionPlan.Step>> found = new TreeMap<>();
    private final SortedMap<Integer, Block> members = new TreeMap<>();

    Selection(CodeSource source, Block hot, long base) {
        this.source = source;
        this.hot = hot;
        this.base = base;
        pages.put(0, hot.physical & Mmu.PAGE_MASK);
    }

    /// Takes the hot block and those that it leads to, the hottest first.
    ///
    /// @param most how many instructions are enough; a block that has more is cut
    /// @param heat of a block
    /// @param least a block with less does not go along
    void grow(int most, ToLongFunction<Block> heat, long least) {
        var todo = new PriorityQueue<Candidate>();
        todo.add(new Candidate(hot.offset(), hot, Long.MAX_VALUE));
        while (!todo.isEmpty() && size < most) {
            var hottest = todo.remove();
            if (!members.containsKey(hottest.offset)) {
                add(hottest.offset, hottest.block, most);
                for (int offset : successors(hottest.offset)) {
                    var block = at(offset);
                    if (block != null && heat.applyAsLong(block) >= least) {
                        todo.add(new Candidate(offset, block, heat.applyAsLong(block)));
                    }
                }
            }
        }
    }

    /// What may be taken next; the hottest comes first.
    private record Candidate(int offset, Block block, long heat) implements Comparable<Candidate> {
        @Override
        public int compareTo(Candidate other) {
            int hotter = Long.compare(other.heat, heat);
            return hotter != 0 ? hotter : Integer.compare(offset, other.offset);
        }
    }

    void add(int offset, Block block) {
        add(offset, block, Integer.MAX_VALUE);
    }

    private void add(int offset, Block block, int most) {
        int page = offset & (int) Mmu.PAGE_MASK;
        if (block.secondPage >= 0 && block.secondPage != physicalPage(page + 0x1000)) {
            return;
        }
        var all = source.steps(block, offset);
        var steps = all.subList(0, Math.min(most, all.size()));
        if (!steps.isEmpty() && members.putIfAbsent(offset, block) == null) {
            pages.computeIfAbsent(page, p -> block.physical & Mmu.PAGE_MASK);
            found.put(offset, steps);
            size += steps.size();
        }
    }

    private @Nullable Block at(int offset) {
        long physical = physicalPage(offset & (int) Mmu.PAGE_MASK);
        return physical < 0 ? null : source.find(physical | offset & 0xFFF, hot.mode);
    }

    /// -1 if there is none, and in the other half of the address space, which is another matter: see [Mmu#codeKey].
    private long physicalPage(int page) {
        boolean here = (base + page ^ base) >= 0;
        return here ? pages.computeIfAbsent(page, p -> source.physicalPage(base + p)) : -1;
    }

    /// Where a block that was taken leads to.
    private List<Integer> successors(int offset) {
        var all = new ArrayList<Integer>();
        var steps = found.get(offset);
        if (steps == null) {
            return all;
        }
        var last = steps.getLast();
        long target = last.target();
        if (target > -REACH && target < REACH) {
            all.add((int) target);
        }
        all.add(last.end());
        return all;
    }

    /// Its blocks, by their offsets.
    SortedMap<Integer, Block> members() {
        return members;
    }

    /// The same, cut so that none overlaps another.
    List<RegionPlan.Part> parts() {
        var parts = new ArrayList<RegionPlan.Part>();
        found.forEach((offset, steps) -> parts.add(new RegionPlan.Part(offset, upToNext(steps))));
        return List.copyOf(parts);
    }

    /// A block may reach into another that starts at one of its instructions: there it ends.
    private List<RegionPlan.Step> upToNext(List<RegionPlan.Step> steps) {
        for (int i = 1; i < steps.size(); i++) {
            if (found.containsKey(steps.get(i).offset())) {
                return List.copyOf(steps.subList(0, i));
            }
        }
        return List.copyOf(steps);
    }

    /// All that it has code of, if they are several.
    Region.Page[] pages() {
        var offsets = new TreeSet<Integer>();
        members.forEach((offset, block) -> {
            int page = offset & (int) Mmu.PAGE_MASK;
            offsets.add(page);
            if (block.secondPage >= 0) {
                offsets.add(page + 0x1000);
            }
        });
        return offsets.size() == 1
                ? new Region.Page[0]
                : offsets.stream()
                        .map(page -> new Region.Page(page, pages.getOrDefault(page, -1L)))
                        .toArray(Region.Page[]::new);
    }
}
