package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.cpu.isa.Decoder;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Operand;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;

/// Finds out which blocks are worth a translation, and which of their neighbours go with them.
///
/// A region stays within one physical page: it needs no second look at the page tables, and one write to the page finds
/// all that was made of it.
final class HotCode {
    /// Of one region. HotSpot compiles larger methods worse, and from 8,000 bytecodes on not at all.
    private static final int MOST_INSTRUCTIONS = 100;
    /// So many regions, and everything is dropped: a bound on memory.
    private static final int MOST_REGIONS = 10_000;
    /// A block that has run so many times less often than a hot one still goes with it.
    private static final int WARM = 8;

    private final Translator translator;
    /// How often a block is interpreted before it is translated.
    private final int hotAt;

    private final AddressSpace memory;
    private final BlockCache cache;
    private final InterpreterCounters counters;
    private final Decoder decoder = new Decoder();
    private final byte[] page = new byte[0x1000];
    private int regions;

    HotCode(Translator translator, int hotAt, AddressSpace memory, BlockCache cache, InterpreterCounters counters) {
        this.translator = translator;
        this.hotAt = hotAt;
        this.memory = memory;
        this.cache = cache;
        this.counters = counters;
    }

    /// `block` is about to be interpreted once more; it may be translated instead.
    void count(Block block) {
        if (block.heat++ == hotAt && block.cached && block.secondPage < 0 && Core.translates(block.mode)) {
            translate(block);
        }
    }

    private void translate(Block hot) {
        if (regions == MOST_REGIONS) {
            regions = 0;
            cache.clear();
            return;
        }
        memory.dmaRead(hot.physical & ~0xFFFL, page, 0, page.length);
        var members = new TreeMap<Integer, Block>();
        var parts = plan(hot, members);
        var region = parts.isEmpty() ? null : translator.translate(new RegionPlan(parts));
        if (region != null) {
            regions++;
            counters.regionsBuilt++;
            region.take(members.values().toArray(Block[]::new));
        }
    }

    /// The hot block and what is warm around it, the nearest first, as far as there is room.
    private List<RegionPlan.Part> plan(Block hot, Map<Integer, Block> members) {
        var warm = cache.inPage(hot, hotAt / WARM);
        var found = new TreeMap<Integer, List<RegionPlan.Step>>();
        Queue<Integer> todo = new ArrayDeque<>();
        todo.add(hot.offset());
        int room = MOST_INSTRUCTIONS;
        while (!todo.isEmpty() && room > 0) {
            var block = warm.remove(todo.remove());
            if (block == null || block.region != null) {
                continue;
            }
            var steps = steps(block);
            if (!steps.isEmpty()) {
                found.put(block.offset(), steps);
                members.put(block.offset(), block);
                room -= steps.size();
                addSuccessors(steps.getLast(), todo);
            }
        }
        var parts = new ArrayList<RegionPlan.Part>();
        found.forEach((offset, steps) -> parts.add(new RegionPlan.Part(offset, upToNext(steps, found))));
        return List.copyOf(parts);
    }

    /// As far as they decode.
    private List<RegionPlan.Step> steps(Block block) {
        var steps = new ArrayList<RegionPlan.Step>();
        int at = block.offset();
        int end = at + block.bytes;
        while (at < end) {
            var insn = new Insn();
            if (decoder.decode(page, at, end - at, 64, insn) <= 0) {
                break;
            }
            var op = OpFactory.create(insn);
            op.next = insn.length;
            steps.add(new RegionPlan.Step(at, insn, op));
            at += insn.length;
        }
        return steps;
    }

    /// A block may reach into another that starts at one of its instructions: there it ends.
    private static List<RegionPlan.Step> upToNext(
            List<RegionPlan.Step> steps, Map<Integer, List<RegionPlan.Step>> all) {
        for (int i = 1; i < steps.size(); i++) {
            if (all.containsKey(steps.get(i).offset())) {
                return List.copyOf(steps.subList(0, i));
            }
        }
        return List.copyOf(steps);
    }

    private static void addSuccessors(RegionPlan.Step last, Queue<Integer> todo) {
        var insn = last.insn();
        if (insn.operands.length > 0 && insn.operand(0).kind() == Operand.Kind.RELATIVE) {
            todo.add((int) Math.clamp(last.end() + insn.imm, -1, 0x1000));
        }
        todo.add(last.end());
    }
}
