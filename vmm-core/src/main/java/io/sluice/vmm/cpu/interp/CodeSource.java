package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.cpu.interp.RegionPlan.Step.Care;
import io.sluice.vmm.cpu.isa.Decoder;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.isa.Operand;
import io.sluice.vmm.cpu.mmu.Mmu;
import io.sluice.vmm.cpu.state.GuestFault;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a region is made of: the blocks at linear addresses, and their instructions.
final class CodeSource {
    /// So many instructions that need care, and they are tried again: a bound on memory.
    private static final int MOST_CARE = 10_000;

    private final Core core;
    private final AddressSpace memory;
    private final BlockCache cache;
    private final Decoder decoder = new Decoder();
    /// By the physical addresses of instructions that miss the translation cache often: of devices, mostly.
    private final Map<Long, Care> care = new HashMap<>();

    CodeSource(Core core, AddressSpace memory, BlockCache cache) {
        this.core = core;
        this.memory = memory;
        this.cache = cache;
    }

    /// The instruction at this physical address needs more care from now on.
    void takeCare(long physical) {
        if (care.size() == MOST_CARE) {
            care.clear();
        }
        care.merge(physical, Care.ALONE, (before, first) -> Care.INTERPRETED);
    }

    /// The page where code is fetched from at `linear` now, or -1 if that would fault.
    long physicalPage(long linear) {
        try {
            return core.mmu.fetch(linear) & Mmu.PAGE_MASK;
        } catch (GuestFault fault) {
            return -1;
        }
    }

    /// The decoded block at a physical address.
    @Nullable
    Block find(long physical, int mode) {
        return cache.find(physical, mode);
    }

    /// The instructions of a block, as far as they decode.
    ///
    /// @param offset of the block from the start of the region's first page
    List<RegionPlan.Step> steps(Block block, int offset) {
        var code = new byte[block.bytes];
        block.read(memory, code);
        var steps = new ArrayList<RegionPlan.Step>();
        int at = 0;
        while (at < code.length) {
            var insn = new Insn();
            if (decoder.decode(code, at, code.length - at, 64, insn) <= 0) {
                break;
            }
            var op = OpFactory.create(insn);
            op.next = insn.length;
            long seen = isIndirect(insn) && block.ledTo != 0 ? offset + block.ledTo : RegionPlan.Step.NOWHERE;
            steps.add(new RegionPlan.Step(
                    offset + at, insn, op, seen, care.getOrDefault(block.physical + at, Care.NONE)));
            at += insn.length;
        }
        return steps;
    }

    private static boolean isIndirect(Insn insn) {
        return (insn.op == Op.JMP || insn.op == Op.CALL) && insn.operand(0).kind() != Operand.Kind.RELATIVE;
    }
}
