package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.cpu.isa.Decoder;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.mmu.Mmu;
import io.sluice.vmm.cpu.state.GuestFault;
import java.util.ArrayList;
import java.util.List;

/// Decodes guest code into blocks. A block stays within one physical page; only a block of one instruction may cross.
final class BlockBuilder {
    static final int MAX_INSTRUCTIONS = 64;
    private static final int WINDOW = MAX_INSTRUCTIONS * 8;

    private final Core core;
    private final AddressSpace memory;
    private final Decoder decoder = new Decoder();
    private final byte[] code = new byte[WINDOW + Decoder.MAX_LENGTH];
    private long secondPage;

    BlockBuilder(Core core, AddressSpace memory) {
        this.core = core;
        this.memory = memory;
    }

    /// Decodes from `linear`, which translates to `physical`; at most `most` instructions. An instruction that does not
    /// decode becomes one that faults. Throws a [GuestFault] if the first one cannot be fetched whole.
    Block build(long linear, long physical, int mode, int most, BlockCache cache) {
        int inPage = (int) (0x1000 - (physical & 0xFFF));
        int available = Math.min(inPage, WINDOW);
        memory.dmaRead(physical, code, 0, available);
        secondPage = -1;
        List<MicroOp> ops = new ArrayList<>();
        int at = 0;
        while (ops.size() < most) {
            var insn = new Insn();
            insn.blockOffset = at;
            int length = decoder.decode(code, at, available - at, core.codeSize, insn);
            if (length == Decoder.NEED_MORE) {
                if (!ops.isEmpty()) {
                    break;
                }
                available = fetchSecondPage(linear, available, cache);
                length = decoder.decode(code, at, available - at, core.codeSize, insn);
            }
            var op = length > 0 ? create(insn) : faulting(length);
            op.start = at;
            at += Math.max(length, 1);
            op.next = at;
            ops.add(op);
            if (op.endsBlock() || length <= 0 || secondPage >= 0) {
                break;
            }
        }
        return new Block(physical, secondPage, mode, ops.toArray(MicroOp[]::new), at);
    }

    private MicroOp create(Insn insn) {
        var op = OpFactory.create(insn);
        return insn.vex && insn.mode != 64 ? new ProtectedOnly(op) : op;
    }

    /// VEX does not exist in real and virtual-8086 mode; blocks are shared with 16-bit protected mode.
    private static final class ProtectedOnly extends MicroOp {
        private final MicroOp op;

        ProtectedOnly(MicroOp op) {
            this.op = op;
            this.stackSegment = op.stackSegment;
        }

        @Override
        public void run(Core core) {
            if (core.realSegments()) {
                throw GuestFault.ud();
            }
            op.run(core);
        }

        @Override
        public boolean endsBlock() {
            return op.endsBlock();
        }
    }

    private static MicroOp faulting(int result) {
        return result == Decoder.TOO_LONG
                ? Cold.of(core -> {
                    throw GuestFault.gp0();
                })
                : SystemOps.undefined();
    }

    private int fetchSecondPage(long linear, int available, BlockCache cache) {
        long next = (linear & Mmu.PAGE_MASK) + 0x1000;
        if (!core.is64()) {
            next &= 0xFFFF_FFFFL;
            if (core.state.rip + available > core.state.segments[Insn.CS].limit) {
                throw GuestFault.gp0();
            }
        }
        secondPage = core.mmu.fetch(next);
        cache.watch(secondPage);
        memory.dmaRead(secondPage, code, available, Decoder.MAX_LENGTH);
        return available + Decoder.MAX_LENGTH;
    }
}
