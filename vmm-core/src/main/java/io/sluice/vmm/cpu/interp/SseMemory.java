package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Operand;
import io.sluice.vmm.cpu.state.FpuState;
import io.sluice.vmm.cpu.state.GuestFault;

/// Memory operands of SSE: 16 bytes as two longs, the alignment rule, and the wrapper that lets an operation on
/// registers take a memory operand.
final class SseMemory {
    private SseMemory() {}

    static boolean isMemory(Insn insn, int operand) {
        return insn.operand(operand).kind() == Operand.Kind.MEMORY;
    }

    /// Where the source operand will be in [FpuState#xmm] when the operation runs.
    static int slot(Insn insn, int operand) {
        return isMemory(insn, operand)
                ? FpuState.OPERAND
                : 2 * insn.operand(operand).number();
    }

    /// `op` as it is for a register source; for memory, `op` behind the load that its operand needs.
    static MicroOp withSource(Insn insn, MicroOp op) {
        return withSource(insn, 1, op, true);
    }

    static MicroOp withSource(Insn insn, int operand, MicroOp op, boolean aligned) {
        if (!isMemory(insn, operand)) {
            return op;
        }
        int size = insn.operand(operand).size();
        Address address = new Address(insn);
        return size == 16
                ? aligned ? new LoadAligned(address, op) : new LoadUnaligned(address, op)
                : new LoadPart(address, size, op);
    }

    /// Linear address of the upper half of an operand at `at`.
    static long upper(Core core, long at) {
        return core.codeSize == 64 ? at + 8 : at + 8 & 0xFFFF_FFFFL;
    }

    static long aligned(Core core, Address address, boolean write) {
        // The processor looks at the alignment before the segment's limit; 64-bit mode has no limits.
        boolean flat = core.codeSize == 64;
        long at = flat ? address.linear(core, 16, write) : core.linear(address.segment, address.offset(core));
        if ((at & 15) != 0) {
            throw GuestFault.gp0();
        }
        return flat ? at : address.linear(core, 16, write);
    }

    static void store(Core core, long at, long low, long high) {
        if ((at & 0xFFF) > 0xFF0) {
            core.mmu.checkStore(at, 16);
        }
        core.mmu.store64(at, low);
        core.mmu.store64(upper(core, at), high);
    }

    private static final class LoadAligned extends MicroOp {
        private final Address address;
        private final MicroOp op;

        LoadAligned(Address address, MicroOp op) {
            this.address = address;
            this.op = op;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long at = aligned(core, address, false);
            long[] x = core.state.fpu.xmm;
            x[FpuState.OPERAND] = core.mmu.load64(at);
            x[FpuState.OPERAND + 1] = core.mmu.load64(at + 8);
            op.run(core);
        }
    }

    private static final class LoadUnaligned extends MicroOp {
        private final Address address;
        private final MicroOp op;

        LoadUnaligned(Address address, MicroOp op) {
            this.address = address;
            this.op = op;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long at = address.linear(core, 16, false);
            long[] x = core.state.fpu.xmm;
            x[FpuState.OPERAND] = core.mmu.load64(at);
            x[FpuState.OPERAND + 1] = core.mmu.load64(upper(core, at));
            op.run(core);
        }
    }

    /// Two, four or eight bytes, zero-extended.
    private static final class LoadPart extends MicroOp {
        private final Address address;
        private final int size;
        private final MicroOp op;

        LoadPart(Address address, int size, MicroOp op) {
            this.address = address;
            this.size = size;
            this.op = op;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long at = address.linear(core, size, false);
            long[] x = core.state.fpu.xmm;
            x[FpuState.OPERAND] = switch (size) {
                case 8 -> core.mmu.load64(at);
                case 4 -> core.mmu.load32(at) & 0xFFFF_FFFFL;
                case 2 -> core.mmu.load16(at) & 0xFFFFL;
                default -> core.mmu.load8(at) & 0xFFL;
            };
            x[FpuState.OPERAND + 1] = 0;
            op.run(core);
        }
    }
}
