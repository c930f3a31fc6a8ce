package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Operand;
import org.jspecify.annotations.Nullable;

/// Single lanes in and out: PINSRx, PEXTRx, EXTRACTPS; the masks MOVMSKPx and PMOVMSKB; MASKMOVDQU.
final class SseElements {
    private SseElements() {}

    static @Nullable MicroOp create(Insn insn) {
        if (usesMmx(insn)) {
            return null;
        }
        return switch (insn.op) {
            case PMOVMSKB ->
                new ByteMask(insn.operand(0).number(), 2 * insn.operand(1).number());
            case MOVMSKPS ->
                new SingleMask(insn.operand(0).number(), 2 * insn.operand(1).number());
            case MOVMSKPD ->
                new DoubleMask(insn.operand(0).number(), 2 * insn.operand(1).number());
            case PEXTRB -> new Extract(insn, 1);
            case PEXTRW -> new Extract(insn, 2);
            case PEXTRD -> new Extract(insn, insn.operand(0).size());
            case EXTRACTPS -> new Extract(insn, 4);
            case PINSRB -> new Insert(insn, 1);
            case PINSRW -> new Insert(insn, 2);
            case PINSRD -> new Insert(insn, insn.operand(1).size());
            case MASKMOVDQU -> new MaskedStore(insn);
            default -> null;
        };
    }

    static boolean usesMmx(Insn insn) {
        for (var operand : insn.operands) {
            if (operand.kind() == Operand.Kind.MMX) {
                return true;
            }
        }
        return false;
    }

    private static final class ByteMask extends MicroOp {
        private final int register;
        private final int source;

        ByteMask(int register, int source) {
            this.register = register;
            this.source = source;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            core.gpr[register] = SseLanes.byteSigns(x[source]) | SseLanes.byteSigns(x[source + 1]) << 8;
        }
    }

    private static final class SingleMask extends MicroOp {
        private final int register;
        private final int source;

        SingleMask(int register, int source) {
            this.register = register;
            this.source = source;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long low = core.state.fpu.xmm[source];
            long high = core.state.fpu.xmm[source + 1];
            core.gpr[register] = low >>> 31 & 1 | low >>> 63 << 1 | (high >>> 31 & 1) << 2 | high >>> 63 << 3;
        }
    }

    private static final class DoubleMask extends MicroOp {
        private final int register;
        private final int source;

        DoubleMask(int register, int source) {
            this.register = register;
            this.source = source;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            core.gpr[register] = x[source] >>> 63 | x[source + 1] >>> 63 << 1;
        }
    }

    /// One lane, zero-extended, to a general register or memory.
    private static final class Extract extends MicroOp {
        private final int half;
        private final int shift;
        private final long mask;
        private final int size;
        private final int register;
        private final @Nullable Address address;

        Extract(Insn insn, int size) {
            int lane = (int) insn.imm & 16 / size - 1;
            this.half = 2 * insn.operand(1).number() + lane * size / 8;
            this.shift = 8 * (lane * size % 8);
            this.mask = Location.mask(size);
            this.size = size;
            this.register = insn.operand(0).number();
            this.address = SseMemory.isMemory(insn, 0) ? new Address(insn) : null;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long value = core.state.fpu.xmm[half] >>> shift & mask;
            if (address == null) {
                core.gpr[register] = value;
            } else {
                core.store(address.segment, address.offset(core), size, value);
            }
        }
    }

    private static final class Insert extends MicroOp {
        private final int half;
        private final int shift;
        private final long mask;
        private final int size;
        private final int register;
        private final @Nullable Address address;

        Insert(Insn insn, int size) {
            int lane = (int) insn.imm & 16 / size - 1;
            this.half = 2 * insn.operand(0).number() + lane * size / 8;
            this.shift = 8 * (lane * size % 8);
            this.mask = Location.mask(size);
            this.size = size;
            this.register = insn.operand(1).number();
            this.address = SseMemory.isMemory(insn, 1) ? new Address(insn) : null;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long value = address == null ? core.gpr[register] : core.load(address.segment, address.offset(core), size);
            long[] x = core.state.fpu.xmm;
            x[half] = x[half] & ~(mask << shift) | (value & mask) << shift;
        }
    }

    /// Bytes of the first operand, where the second has its top bit set, to DS:rDI.
    private static final class MaskedStore extends MicroOp {
        private final int data;
        private final int mask;
        private final int segment;
        private final int addressSize;

        MaskedStore(Insn insn) {
            data = 2 * insn.operand(0).number();
            mask = 2 * insn.operand(1).number();
            segment = insn.segment;
            addressSize = insn.addressSize;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            int bytes = SseLanes.byteSigns(x[mask]) | SseLanes.byteSigns(x[mask + 1]) << 8;
            store(core, segment, core.register(7, addressSize), 16, bytes, x[data], x[data + 1]);
        }
    }

    /// Stores those of `size` bytes that `bytes` has bits for. The first page must be writable even if no byte goes
    /// there, the second only if one does (the manual leaves it open; this is what AMD's processors do).
    static void store(Core core, int segment, long offset, int size, int bytes, long low, long high) {
        long at = core.linear(segment, offset, size, true);
        int inFirst = (int) Math.min(size, 0x1000 - (at & 0xFFF));
        core.checkStore(segment, offset, 1);
        if (bytes >> inFirst != 0) {
            core.checkStore(segment, offset + inFirst, 1);
        }
        for (int i = 0; i < size; i++) {
            if ((bytes >> i & 1) != 0) {
                core.store8(segment, offset + i, SseLanes.unsignedByte(i < 8 ? low : high, i & 7));
            }
        }
    }
}
