package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Operand;
import org.jspecify.annotations.Nullable;

/// Moves of whole XMM registers and of their halves and lowest lanes.
final class SseMoves {
    private SseMoves() {}

    static @Nullable MicroOp create(Insn insn) {
        return switch (insn.op) {
            case MOVAPS, MOVAPD, MOVDQA, MOVNTPS, MOVNTPD, MOVNTDQ, MOVNTDQA -> whole(insn, true);
            case MOVUPS, MOVUPD, MOVDQU, LDDQU -> whole(insn, false);
            case MOVSS -> lowest(insn, 4);
            case MOVSD_XMM -> lowest(insn, 8);
            case MOVLPS, MOVLPD -> half(insn, 0);
            case MOVHPS, MOVHPD -> half(insn, 1);
            case MOVHLPS -> new CopyHalf(register(insn, 0), register(insn, 1) + 1);
            case MOVLHPS -> new CopyHalf(register(insn, 0) + 1, register(insn, 1));
            case MOVD -> general(insn);
            case MOVQ -> quad(insn);
            default -> null;
        };
    }

    private static int register(Insn insn, int operand) {
        return 2 * insn.operand(operand).number();
    }

    private static MicroOp whole(Insn insn, boolean aligned) {
        if (SseMemory.isMemory(insn, 0)) {
            var address = new Address(insn);
            return aligned
                    ? new StoreAligned(address, register(insn, 1))
                    : new StoreUnaligned(address, register(insn, 1));
        }
        if (SseMemory.isMemory(insn, 1)) {
            var address = new Address(insn);
            return aligned
                    ? new LoadAligned(address, register(insn, 0))
                    : new LoadUnaligned(address, register(insn, 0));
        }
        return new Copy(register(insn, 0), register(insn, 1));
    }

    private static MicroOp lowest(Insn insn, int size) {
        if (SseMemory.isMemory(insn, 0)) {
            return new StorePart(new Address(insn), register(insn, 1), size);
        }
        if (SseMemory.isMemory(insn, 1)) {
            return new LoadPart(new Address(insn), register(insn, 0), size);
        }
        return size == 8
                ? new CopyHalf(register(insn, 0), register(insn, 1))
                : new CopySingle(register(insn, 0), register(insn, 1));
    }

    private static MicroOp half(Insn insn, int which) {
        return SseMemory.isMemory(insn, 0)
                ? new StorePart(new Address(insn), register(insn, 1) + which, 8)
                : new LoadHalf(new Address(insn), register(insn, 0) + which);
    }

    /// MOVD and its 64-bit form, between XMM and a general register or memory.
    private static @Nullable MicroOp general(Insn insn) {
        Operand target = insn.operand(0);
        Operand source = insn.operand(1);
        if (target.kind() == Operand.Kind.XMM) {
            return source.kind() == Operand.Kind.GPR
                    ? new FromGeneral(register(insn, 0), source.number(), source.size())
                    : new LoadPart(new Address(insn), register(insn, 0), source.size());
        }
        if (source.kind() != Operand.Kind.XMM) {
            return null;
        }
        return target.kind() == Operand.Kind.GPR
                ? new ToGeneral(target.number(), register(insn, 1), target.size())
                : new StorePart(new Address(insn), register(insn, 1), target.size());
    }

    private static @Nullable MicroOp quad(Insn insn) {
        if (insn.operand(0).kind() == Operand.Kind.MMX || insn.operand(1).kind() == Operand.Kind.MMX) {
            return null;
        }
        if (SseMemory.isMemory(insn, 0)) {
            return new StorePart(new Address(insn), register(insn, 1), 8);
        }
        if (SseMemory.isMemory(insn, 1)) {
            return new LoadPart(new Address(insn), register(insn, 0), 8);
        }
        return new CopyLow(register(insn, 0), register(insn, 1));
    }

    private static final class Copy extends SseRegisters {
        Copy(int target, int source) {
            super(target, source);
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            x[target] = x[source];
            x[target + 1] = x[source + 1];
        }
    }

    private static final class LoadAligned extends MicroOp {
        private final Address address;
        private final int target;

        LoadAligned(Address address, int target) {
            this.address = address;
            this.target = target;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long at = SseMemory.aligned(core, address, false);
            long[] x = core.state.fpu.xmm;
            // The second half is in the same page: it faults with the first or not at all.
            x[target] = core.mmu.load64(at);
            x[target + 1] = core.mmu.load64(at + 8);
        }
    }

    private static final class LoadUnaligned extends MicroOp {
        private final Address address;
        private final int target;

        LoadUnaligned(Address address, int target) {
            this.address = address;
            this.target = target;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long at = address.linear(core, 16, false);
            long low = core.mmu.load64(at);
            long high = core.mmu.load64(SseMemory.upper(core, at));
            long[] x = core.state.fpu.xmm;
            x[target] = low;
            x[target + 1] = high;
        }
    }

    private static final class StoreAligned extends MicroOp {
        private final Address address;
        private final int source;

        StoreAligned(Address address, int source) {
            this.address = address;
            this.source = source;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long at = SseMemory.aligned(core, address, true);
            long[] x = core.state.fpu.xmm;
            core.mmu.store64(at, x[source]);
            core.mmu.store64(at + 8, x[source + 1]);
        }
    }

    private static final class StoreUnaligned extends MicroOp {
        private final Address address;
        private final int source;

        StoreUnaligned(Address address, int source) {
            this.address = address;
            this.source = source;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            SseMemory.store(core, address.linear(core, 16, true), x[source], x[source + 1]);
        }
    }

    /// MOVSD, MOVHLPS, MOVLHPS: one half, the other stays.
    private static final class CopyHalf extends SseRegisters {
        CopyHalf(int target, int source) {
            super(target, source);
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            x[target] = x[source];
        }
    }

    private static final class CopySingle extends SseRegisters {
        CopySingle(int target, int source) {
            super(target, source);
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            x[target] = x[target] & ~0xFFFF_FFFFL | x[source] & 0xFFFF_FFFFL;
        }
    }

    private static final class CopyLow extends SseRegisters {
        CopyLow(int target, int source) {
            super(target, source);
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            x[target] = x[source];
            x[target + 1] = 0;
        }
    }

    /// Four or eight bytes, the rest of the register zero.
    private static final class LoadPart extends MicroOp {
        private final Address address;
        private final int target;
        private final int size;

        LoadPart(Address address, int target, int size) {
            this.address = address;
            this.target = target;
            this.size = size;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long at = address.linear(core, size, false);
            long value = size == 8 ? core.mmu.load64(at) : core.mmu.load32(at) & 0xFFFF_FFFFL;
            long[] x = core.state.fpu.xmm;
            x[target] = value;
            x[target + 1] = 0;
        }
    }

    private static final class LoadHalf extends MicroOp {
        private final Address address;
        private final int target;

        LoadHalf(Address address, int target) {
            this.address = address;
            this.target = target;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            core.state.fpu.xmm[target] = core.mmu.load64(address.linear(core, 8, false));
        }
    }

    private static final class StorePart extends MicroOp {
        private final Address address;
        private final int source;
        private final int size;

        StorePart(Address address, int source, int size) {
            this.address = address;
            this.source = source;
            this.size = size;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long at = address.linear(core, size, true);
            long value = core.state.fpu.xmm[source];
            if (size == 8) {
                core.mmu.store64(at, value);
            } else {
                core.mmu.store32(at, (int) value);
            }
        }
    }

    private static final class FromGeneral extends MicroOp {
        private final int target;
        private final int register;
        private final long mask;

        FromGeneral(int target, int register, int size) {
            this.target = target;
            this.register = register;
            this.mask = Location.mask(size);
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            x[target] = core.gpr[register] & mask;
            x[target + 1] = 0;
        }
    }

    private static final class ToGeneral extends MicroOp {
        private final int register;
        private final int source;
        private final long mask;

        ToGeneral(int register, int source, int size) {
            this.register = register;
            this.source = source;
            this.mask = Location.mask(size);
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            core.gpr[register] = core.state.fpu.xmm[source] & mask;
        }
    }
}
