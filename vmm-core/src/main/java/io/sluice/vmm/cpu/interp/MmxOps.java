package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.fp.Float64;
import io.sluice.vmm.cpu.fp.FpContext;
import io.sluice.vmm.cpu.interp.SseHalves.Half;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.isa.Operand;
import io.sluice.vmm.cpu.state.FpuState;
import io.sluice.vmm.cpu.state.GuestFault;
import org.jspecify.annotations.Nullable;

/// Everything that touches an MMX register, EMMS included. The registers are the significands of the x87: an MMX
/// instruction makes them all valid and puts the stack's top at zero; one that is written looks like a NaN.
final class MmxOps {
    private static final int CR0_EM = 1 << 2;
    private static final int CR0_TS = 1 << 3;

    private MmxOps() {}

    static @Nullable MicroOp create(Insn insn) {
        if (insn.op == Op.EMMS) {
            return new Empty();
        }
        // These two may have neither operand in an MMX register.
        MicroOp op = convert(insn);
        if (op != null || !SseElements.usesMmx(insn)) {
            return op;
        }
        op = move(insn);
        return op == null ? lanes(insn) : op;
    }

    /// #UD, #NM, or an x87 exception that is pending.
    static void check(Core core) {
        long cr0 = core.state.cr0;
        if ((cr0 & CR0_EM) != 0) {
            throw GuestFault.ud();
        }
        if ((cr0 & CR0_TS) != 0) {
            throw GuestFault.nm();
        }
        X87Stack.checkPending(core);
    }

    /// From here on nothing may fault.
    static void enter(FpuState f) {
        f.fsw &= ~0x3800;
        f.ftw = 0;
    }

    static void set(FpuState f, int register, long value) {
        f.significand[register] = value;
        f.signExponent[register] = -1;
    }

    private static @Nullable MicroOp move(Insn insn) {
        return switch (insn.op) {
            case MOVD, MOVQ, MOVNTQ -> insn.operand(0).kind() == Operand.Kind.MMX ? new Load(insn) : new Store(insn);
            case MOVQ2DQ -> new ToXmm(insn);
            case MOVDQ2Q -> new FromXmm(insn);
            case MASKMOVQ -> new MaskedStore(insn);
            case PMOVMSKB -> new ByteMask(insn);
            case PEXTRW -> new Extract(insn);
            case PINSRW -> new Insert(insn);
            default -> null;
        };
    }

    private static @Nullable MicroOp convert(Insn insn) {
        return switch (insn.op) {
            case CVTPI2PS, CVTPI2PD -> new FromIntegers(insn);
            case CVTPS2PI, CVTTPS2PI, CVTPD2PI, CVTTPD2PI -> new ToIntegers(insn);
            default -> null;
        };
    }

    private static @Nullable MicroOp lanes(Insn insn) {
        Half f = SseHalves.lanes(insn.op);
        if (f == null) {
            f = SseHalves.pairs(insn.op);
        }
        if (f == null) {
            f = SseHalves.shift(insn.op);
        }
        if (f == null) {
            f = interleave(insn.op);
        }
        if (f == null) {
            f = shuffle(insn);
        }
        return f == null ? null : new Lanes(insn, f);
    }

    private static @Nullable Half interleave(Op op) {
        Half f = SseHalves.interleave(op);
        return f == null || !SseHalves.isHigh(op) ? f : (a, b) -> f.apply(a >>> 32, b >>> 32);
    }

    private static @Nullable Half shuffle(Insn insn) {
        int imm = (int) insn.imm & 0xFF;
        return switch (insn.op) {
            case PSHUFB -> (a, b) -> SseShuffles.choose(a, 0, b, 7);
            case PSHUFW -> (a, b) -> SseShuffles.shuffleWords(b, imm);
            case PALIGNR -> (a, b) -> SseShuffles.extract(b, a, imm);
            default -> null;
        };
    }

    /// A source of 64 bits: MMX register, general register, memory, or an immediate count.
    private abstract static class WithSource extends MicroOp {
        private final Operand.Kind kind;
        private final int number;
        private final int size;
        private final long imm;
        private final @Nullable Address address;

        WithSource(Insn insn, int operand) {
            var source = insn.operand(operand);
            kind = source.kind();
            number = source.number();
            size = source.size();
            imm = insn.imm & 0xFF;
            address = kind == Operand.Kind.MEMORY ? new Address(insn) : null;
        }

        final boolean fromMemory() {
            return address != null;
        }

        final long source(Core core) {
            if (address != null) {
                return core.load(address.segment, address.offset(core), size);
            }
            return switch (kind) {
                case MMX -> core.state.fpu.significand[number];
                case XMM -> core.state.fpu.xmm[2 * number];
                case IMMEDIATE -> imm;
                default -> core.register(number, size);
            };
        }

        /// Lower half of a source of 16 bytes.
        final long lowerSource(Core core) {
            return address != null
                    ? core.mmu.load64(SseMemory.aligned(core, address, false))
                    : core.state.fpu.xmm[2 * number];
        }

        /// Upper half of a source of 16 bytes, which must be aligned.
        final long upperSource(Core core) {
            return address != null
                    ? core.mmu.load64(SseMemory.aligned(core, address, false) + 8)
                    : core.state.fpu.xmm[2 * number + 1];
        }
    }

    private static final class Lanes extends WithSource {
        private final int target;
        private final Half f;

        Lanes(Insn insn, Half f) {
            super(insn, 1);
            target = insn.operand(0).number();
            this.f = f;
        }

        @Override
        public void run(Core core) {
            check(core);
            long b = source(core);
            FpuState fpu = core.state.fpu;
            enter(fpu);
            set(fpu, target, f.apply(fpu.significand[target], b));
        }
    }

    private static final class Load extends WithSource {
        private final int target;

        Load(Insn insn) {
            super(insn, 1);
            target = insn.operand(0).number();
        }

        @Override
        public void run(Core core) {
            check(core);
            long value = source(core);
            enter(core.state.fpu);
            set(core.state.fpu, target, value);
        }
    }

    /// To a general register or to memory; MOVQ between MMX registers has the MMX target first as well.
    private static final class Store extends MicroOp {
        private final Location target;
        private final int source;

        Store(Insn insn) {
            target = Location.of(insn, 0);
            source = insn.operand(1).number();
        }

        @Override
        public void run(Core core) {
            check(core);
            FpuState f = core.state.fpu;
            target.set(core, f.significand[source] & Location.mask(target.size));
            enter(f);
        }
    }

    private static final class ToXmm extends MicroOp {
        private final int target;
        private final int source;

        ToXmm(Insn insn) {
            target = 2 * insn.operand(0).number();
            source = insn.operand(1).number();
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            check(core);
            FpuState f = core.state.fpu;
            enter(f);
            f.xmm[target] = f.significand[source];
            f.xmm[target + 1] = 0;
        }
    }

    private static final class FromXmm extends MicroOp {
        private final int target;
        private final int source;

        FromXmm(Insn insn) {
            target = insn.operand(0).number();
            source = 2 * insn.operand(1).number();
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            check(core);
            FpuState f = core.state.fpu;
            enter(f);
            set(f, target, f.xmm[source]);
        }
    }

    private static final class MaskedStore extends MicroOp {
        private final int data;
        private final int mask;
        private final int segment;
        private final int addressSize;

        MaskedStore(Insn insn) {
            data = insn.operand(0).number();
            mask = insn.operand(1).number();
            segment = insn.segment;
            addressSize = insn.addressSize;
        }

        @Override
        public void run(Core core) {
            check(core);
            FpuState f = core.state.fpu;
            int bytes = SseLanes.byteSigns(f.significand[mask]);
            long offset = core.register(7, addressSize);
            // The registers have become MMX registers even if the store faults.
            enter(f);
            SseElements.store(core, segment, offset, 8, bytes, f.significand[data], 0);
        }
    }

    private static final class ByteMask extends MicroOp {
        private final int register;
        private final int source;

        ByteMask(Insn insn) {
            register = insn.operand(0).number();
            source = insn.operand(1).number();
        }

        @Override
        public void run(Core core) {
            check(core);
            enter(core.state.fpu);
            core.gpr[register] = SseLanes.byteSigns(core.state.fpu.significand[source]);
        }
    }

    private static final class Extract extends MicroOp {
        private final int register;
        private final int source;
        private final int lane;

        Extract(Insn insn) {
            register = insn.operand(0).number();
            source = insn.operand(1).number();
            lane = (int) insn.imm & 3;
        }

        @Override
        public void run(Core core) {
            check(core);
            enter(core.state.fpu);
            core.gpr[register] = SseLanes.unsignedWord(core.state.fpu.significand[source], lane);
        }
    }

    private static final class Insert extends WithSource {
        private final int target;
        private final int shift;

        Insert(Insn insn) {
            super(insn, 1);
            target = insn.operand(0).number();
            shift = 16 * ((int) insn.imm & 3);
        }

        @Override
        public void run(Core core) {
            check(core);
            long value = source(core) & 0xFFFF;
            FpuState f = core.state.fpu;
            enter(f);
            set(f, target, f.significand[target] & ~(0xFFFFL << shift) | value << shift);
        }
    }

    /// CVTPI2PS, CVTPI2PD. From memory they leave the x87 alone.
    private static final class FromIntegers extends WithSource {
        private final int target;
        private final boolean toDouble;

        FromIntegers(Insn insn) {
            super(insn, 1);
            target = 2 * insn.operand(0).number();
            toDouble = insn.op == Op.CVTPI2PD;
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            boolean transition = !fromMemory();
            if (transition) {
                check(core);
            }
            long value = source(core);
            FpuState f = core.state.fpu;
            if (transition) {
                enter(f);
            }
            if (toDouble) {
                f.xmm[target] = Float64.fromLong(c, (int) value);
                f.xmm[target + 1] = Float64.fromLong(c, SseLanes.high(value));
            } else {
                long singles = SseConversions.toSingles(c, value);
                SseControl.end(core, c);
                f.xmm[target] = singles;
            }
        }
    }

    private static final class ToIntegers extends WithSource {
        private final int target;
        private final boolean truncate;
        private final boolean fromDouble;

        ToIntegers(Insn insn) {
            super(insn, 1);
            target = insn.operand(0).number();
            truncate = insn.op == Op.CVTTPS2PI || insn.op == Op.CVTTPD2PI;
            fromDouble = insn.op == Op.CVTPD2PI || insn.op == Op.CVTTPD2PI;
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            check(core);
            long integers;
            if (fromDouble) {
                integers = SseConversions.toIntegers(c, lowerSource(core), upperSource(core), truncate);
            } else {
                integers = SseConversions.toIntegers(c, source(core), truncate);
            }
            // The registers have become MMX registers even if the conversion is refused.
            enter(core.state.fpu);
            SseControl.end(core, c);
            set(core.state.fpu, target, integers);
        }
    }

    private static final class Empty extends MicroOp {
        @Override
        public void run(Core core) {
            check(core);
            enter(core.state.fpu);
            core.state.fpu.ftw = 0xFFFF;
        }
    }
}
