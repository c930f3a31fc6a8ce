package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.cpu.isa.Decoder;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Operand;
import io.sluice.vmm.cpu.mmu.Mmu;
import io.sluice.vmm.cpu.state.GuestFault;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Finds out which blocks are worth a translation, and which others go with them.
///
/// In two stages. A block that was interpreted often becomes a region with what is warm around it and is in no region
/// yet. A region that is entered often is made anew, larger, with the functions that it calls in it, though they are in
/// other regions too.
final class HotCode {
    /// Of one region. The fewer of them, the less often one is left for another; HotSpot compiles larger ones more
    /// slowly.
    private static final int MOST_INSTRUCTIONS = 200;
    private static final int MOST_INSTRUCTIONS_AGAIN = 400;
    /// Of one region that was too large for a method of the JVM.
    private static final int LEAST_INSTRUCTIONS = 10;
    /// A block whose region is made anew runs so many times as often as one that is translated.
    private static final int UNTIL_AGAIN = 100;
    /// So many regions, and everything is dropped: a bound on memory.
    private static final int MOST_REGIONS = 10_000;
    /// A block that has run so many times less often than a hot one still goes with it.
    private static final int WARM = 8;
    /// So many instructions must lie between two misses of one instruction on average, or it is left to the
    /// interpreter.
    private static final long SELDOM = 10_000;
    /// So many instructions left to the interpreter, and they are tried again: a bound on memory.
    private static final int MOST_INTERPRETED = 10_000;
    /// How far a region reaches from its first page.
    private static final long REACH = 1L << 30;

    private final Translator translator;
    /// How often a block is interpreted before it is translated.
    private final int hotAt;
    /// How often it runs in all until its region is made anew.
    private final int againAt;

    private final Core core;
    private final AddressSpace memory;
    private final BlockCache cache;
    private final InterpreterCounters counters;
    private final Decoder decoder = new Decoder();
    /// Physical addresses of instructions that miss the translation cache often: of devices, mostly.
    private final Set<Long> interpreted = new HashSet<>();

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
        this.againAt = (int) Math.min(Integer.MAX_VALUE, (long) hotAt * UNTIL_AGAIN);
        this.core = core;
        this.memory = memory;
        this.cache = cache;
        this.counters = counters;
    }

    /// `block` is about to run once more, at `rip`; it may be translated first.
    ///
    /// @param uncounted how often it ran before without being counted
    void count(Block block, int uncounted) {
        var region = block.region;
        if (region == null) {
            if (block.heat++ == hotAt && canTranslate(block)) {
                translate(new Plan(block, base(block), MOST_INSTRUCTIONS, Set.of(), false));
            }
        } else if (!region.isSecond) {
            block.heat += 1 + uncounted;
            if (block.heat >= againAt) {
                translate(new Plan(block, base(block), MOST_INSTRUCTIONS_AGAIN, Set.of(region), true));
            }
        }
    }

    /// How often a region may be entered at a block before [#count] hears of it again.
    int mostUncounted(Region region) {
        return region.isSecond ? Integer.MAX_VALUE : hotAt / 2;
    }

    /// A region was left for its access at the start of `block`, which the interpreter is about to do. If that happens
    /// often the region is made anew with the instruction left to the interpreter.
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
        var hot = region.hot;
        if (instructions - block.missesSince > many * SELDOM || !region.isLive || hot == null) {
            return;
        }
        if (interpreted.size() == MOST_INTERPRETED) {
            interpreted.clear();
        }
        interpreted.add(block.physical);
        var plan = new Plan(hot, base, 0, Set.of(region), region.isSecond);
        region.members().forEach(plan::add);
        translate(plan);
        region.retire();
    }

    /// Of the page where a block is that is about to run.
    private long base(Block block) {
        return core.state.rip - block.offset();
    }

    private static boolean canTranslate(Block block) {
        return block.cached && block.valid && block.secondPage < 0 && Core.translates(block.mode);
    }

    private void translate(Plan plan) {
        if (regions == MOST_REGIONS) {
            regions = 0;
            cache.clear();
            return;
        }
        plan.make();
        var parts = plan.parts();
        var region = parts.isEmpty() ? null : translator.translate(new RegionPlan(parts));
        if (region != null) {
            regions++;
            counters.regionsBuilt++;
            region.isSecond = plan.second;
            region.take(plan.hot, plan.members, plan.pages(), plan.replaced);
            region.isValidAt(core.mmu.codeKey(), plan.base);
            plan.replaced.forEach(Region::retire);
        } else if (plan.most >= 2 * LEAST_INSTRUCTIONS) {
            translate(new Plan(plan.hot, plan.base, plan.most / 2, plan.replaced, plan.second));
        }
    }

    /// Whether what it was made of lies there still, seen from `base`.
    boolean isThere(Region region, long base) {
        for (var page : region.pages) {
            if (physicalPage(base + page.offset()) != page.physical()) {
                return false;
            }
        }
        region.isValidAt(core.mmu.codeKey(), base);
        return true;
    }

    /// Where code is fetched from at `linear` now, or -1 if that would fault.
    private long physicalPage(long linear) {
        try {
            return core.mmu.fetch(linear) & Mmu.PAGE_MASK;
        } catch (GuestFault fault) {
            return -1;
        }
    }

    /// One region in the making. Offsets count from the start of the page where the hot block is.
    private final class Plan {
        private final Block hot;
        private final long base;
        private final int most;
        private final Set<Region> replaced;
        private final boolean second;
        private int size;
        private final Map<Integer, Long> pages = new HashMap<>();
        private final Map<Integer, List<RegionPlan.Step>> found = new TreeMap<>();
        private final SortedMap<Integer, Block> members = new TreeMap<>();

        /// @param most how many instructions [#make] may look for
        Plan(Block hot, long base, int most, Set<Region> replaced, boolean second) {
            this.hot = hot;
            this.base = base;
            this.most = most;
            this.replaced = replaced;
            this.second = second;
            pages.put(0, hot.physical & Mmu.PAGE_MASK);
        }

        /// Takes the hot block and what is warm around it, the nearest first, as far as there is room.
        void make() {
            Queue<Integer> todo = new ArrayDeque<>();
            todo.add(hot.offset());
            while (!todo.isEmpty() && size < most) {
                int offset = todo.remove();
                var block = members.containsKey(offset) ? null : at(offset);
                if (block != null && isWanted(block)) {
                    add(offset, block);
                    addSuccessors(offset, todo);
                }
            }
        }

        private void add(int offset, Block block) {
            var steps = steps(block, offset);
            if (!steps.isEmpty() && members.putIfAbsent(offset, block) == null) {
                pages.computeIfAbsent(offset & (int) Mmu.PAGE_MASK, page -> block.physical & Mmu.PAGE_MASK);
                found.put(offset, steps);
                size += steps.size();
            }
        }

        private boolean isWanted(Block block) {
            return block.equals(hot)
                    || canTranslate(block) && (block.region == null ? block.heat >= hotAt / WARM : second);
        }

        private @Nullable Block at(int offset) {
            int page = offset & (int) Mmu.PAGE_MASK;
            long physical = pages.computeIfAbsent(page, p -> physicalPage(base + p));
            return physical < 0 ? null : cache.find(physical | offset & 0xFFF, hot.mode);
        }

        /// As far as they decode.
        private List<RegionPlan.Step> steps(Block block, int offset) {
            var code = new byte[block.bytes];
            memory.dmaRead(block.physical, code, 0, block.bytes);
            var steps = new ArrayList<RegionPlan.Step>();
            int at = 0;
            while (at < code.length) {
                var insn = new Insn();
                if (decoder.decode(code, at, code.length - at, 64, insn) <= 0) {
                    break;
                }
                var op = OpFactory.create(insn);
                op.next = insn.length;
                steps.add(new RegionPlan.Step(offset + at, insn, op, interpreted.contains(block.physical + at)));
                at += insn.length;
            }
            return steps;
        }

        private void addSuccessors(int offset, Queue<Integer> todo) {
            var steps = found.get(offset);
            if (steps == null) {
                return;
            }
            var last = steps.getLast();
            var insn = last.insn();
            if (insn.operands.length > 0 && insn.operand(0).kind() == Operand.Kind.RELATIVE) {
                long target = last.end() + insn.imm;
                if (Math.abs(target) < REACH) {
                    todo.add((int) target);
                }
            }
            todo.add(last.end());
        }

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
            var offsets = members.keySet().stream()
                    .map(offset -> offset & (int) Mmu.PAGE_MASK)
                    .distinct()
                    .toList();
            return offsets.size() == 1
                    ? new Region.Page[0]
                    : offsets.stream()
                            .map(page -> new Region.Page(page, pages.getOrDefault(page, -1L)))
                            .toArray(Region.Page[]::new);
        }
    }
}
