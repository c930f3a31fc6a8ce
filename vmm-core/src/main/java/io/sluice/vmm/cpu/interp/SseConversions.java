package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.fp.Float32;
import io.sluice.vmm.cpu.fp.Float64;
import io.sluice.vmm.cpu.fp.FpContext;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.state.CpuState;
import org.jspecify.annotations.Nullable;

/// Conversions between integers and floating point, between the two precisions, and the comparisons that set flags.
final class SseConversions {
    private SseConversions() {}

    static @Nullable MicroOp create(Insn insn) {
        if (insn.operands.length < 2 || SseElements.usesMmx(insn)) {
            return null;
        }
        int t = 2 * insn.operand(0).number();
        int s = SseMemory.slot(insn, 1);
        int register = insn.operand(0).number();
        int bits = 8 * insn.operand(0).size();
        MicroOp op = switch (insn.op) {
            case CVTSI2SD, CVTSI2SS -> new FromInteger(insn);
            case CVTSD2SI -> new DoubleToInteger(register, s, bits, false);
            case CVTTSD2SI -> new DoubleToInteger(register, s, bits, true);
            case CVTSS2SI -> new SingleToInteger(register, s, bits, false);
            case CVTTSS2SI -> new SingleToInteger(register, s, bits, true);
            case COMISD, UCOMISD -> new CompareDouble(t, s, insn.op == Op.COMISD);
            case COMISS, UCOMISS -> new CompareSingle(t, s, insn.op == Op.COMISS);
            case CVTSD2SS -> new Narrow(t, s);
            case CVTSS2SD -> new Widen(t, s);
            case CVTPS2PD, CVTPD2PS, CVTDQ2PS, CVTPS2DQ, CVTTPS2DQ, CVTPD2DQ, CVTTPD2DQ, CVTDQ2PD ->
                new Packed(t, s, insn.op);
            default -> null;
        };
        if (op == null || insn.op == Op.CVTSI2SD || insn.op == Op.CVTSI2SS) {
            return op;
        }
        return SseMemory.withSource(insn, op);
    }

    static long toIntegers(FpContext c, long singles, boolean truncate) {
        int mode = truncate ? FpContext.TRUNCATE : c.rounding;
        int low = (int) Float32.toInteger(c, (int) singles, mode, 32);
        return SseLanes.dwords(low, (int) Float32.toInteger(c, SseLanes.high(singles), mode, 32));
    }

    static long toIntegers(FpContext c, long first, long second, boolean truncate) {
        int mode = truncate ? FpContext.TRUNCATE : c.rounding;
        int low = (int) Float64.toInteger(c, first, mode, 32);
        return SseLanes.dwords(low, (int) Float64.toInteger(c, second, mode, 32));
    }

    static long toSingles(FpContext c, long integers) {
        int low = Float32.fromLong(c, (int) integers);
        return SseLanes.dwords(low, Float32.fromLong(c, SseLanes.high(integers)));
    }

    private static final class Packed extends SseRegisters {
        private final Op op;

        Packed(int target, int source, Op op) {
            super(target, source);
            this.op = op;
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            long[] x = core.state.fpu.xmm;
            long a = x[source];
            long b = x[source + 1];
            long low = low(c, a, b);
            long high = high(c, a, b);
            SseControl.end(core, c);
            x[target] = low;
            x[target + 1] = high;
        }

        private long low(FpContext c, long a, long b) {
            return switch (op) {
                case CVTPS2PD -> Float64.fromFloat32(c, (int) a);
                case CVTDQ2PD -> Float64.fromLong(c, (int) a);
                case CVTPD2PS -> {
                    int first = Float64.toFloat32(c, a);
                    yield SseLanes.dwords(first, Float64.toFloat32(c, b));
                }
                case CVTDQ2PS -> toSingles(c, a);
                case CVTPS2DQ -> toIntegers(c, a, false);
                case CVTTPS2DQ -> toIntegers(c, a, true);
                case CVTPD2DQ -> toIntegers(c, a, b, false);
                default -> toIntegers(c, a, b, true);
            };
        }

        private long high(FpContext c, long a, long b) {
            return switch (op) {
                case CVTPS2PD -> Float64.fromFloat32(c, SseLanes.high(a));
                case CVTDQ2PD -> Float64.fromLong(c, SseLanes.high(a));
                case CVTDQ2PS -> toSingles(c, b);
                case CVTPS2DQ -> toIntegers(c, b, false);
                case CVTTPS2DQ -> toIntegers(c, b, true);
                default -> 0;
            };
        }
    }

    private static final class FromInteger extends MicroOp {
        private final int target;
        private final Location source;
        private final boolean wide;
        private final boolean toDouble;

        FromInteger(Insn insn) {
            target = 2 * insn.operand(0).number();
            source = Location.of(insn, 1);
            wide = insn.operand(1).size() == 8;
            toDouble = insn.op == Op.CVTSI2SD;
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            long given = source.get(core);
            long value = wide ? given : (int) given;
            long[] x = core.state.fpu.xmm;
            long r = toDouble ? Float64.fromLong(c, value) : Float32.fromLong(c, value);
            SseControl.end(core, c);
            x[target] = toDouble ? r : SseLanes.select(0xFFFF_FFFFL, r, x[target]);
        }
    }

    private static final class DoubleToInteger extends SseRegisters {
        private final int bits;
        private final boolean truncate;

        DoubleToInteger(int register, int source, int bits, boolean truncate) {
            super(register, source);
            this.bits = bits;
            this.truncate = truncate;
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            long value =
                    Float64.toInteger(c, core.state.fpu.xmm[source], truncate ? FpContext.TRUNCATE : c.rounding, bits);
            SseControl.end(core, c);
            core.gpr[target] = bits == 64 ? value : value & 0xFFFF_FFFFL;
        }
    }

    private static final class SingleToInteger extends SseRegisters {
        private final int bits;
        private final boolean truncate;

        SingleToInteger(int register, int source, int bits, boolean truncate) {
            super(register, source);
            this.bits = bits;
            this.truncate = truncate;
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            long value = Float32.toInteger(
                    c, (int) core.state.fpu.xmm[source], truncate ? FpContext.TRUNCATE : c.rounding, bits);
            SseControl.end(core, c);
            core.gpr[target] = bits == 64 ? value : value & 0xFFFF_FFFFL;
        }
    }

    /// ZF, PF and CF for an order of -1, 0, 1 or 2.
    static int orderFlags(int order) {
        return switch (order) {
            case -1 -> CpuState.CF;
            case 0 -> CpuState.ZF;
            case 1 -> 0;
            default -> CpuState.ZF | CpuState.PF | CpuState.CF;
        };
    }

    private static final class CompareDouble extends SseRegisters {
        private final boolean signalling;

        CompareDouble(int target, int source, boolean signalling) {
            super(target, source);
            this.signalling = signalling;
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            long[] x = core.state.fpu.xmm;
            int order = Float64.compare(c, x[target], x[source], signalling);
            SseControl.end(core, c);
            core.state.setArithmeticFlags(orderFlags(order));
        }
    }

    private static final class CompareSingle extends SseRegisters {
        private final boolean signalling;

        CompareSingle(int target, int source, boolean signalling) {
            super(target, source);
            this.signalling = signalling;
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            long[] x = core.state.fpu.xmm;
            int order = Float32.compare(c, (int) x[target], (int) x[source], signalling);
            SseControl.end(core, c);
            core.state.setArithmeticFlags(orderFlags(order));
        }
    }

    private static final class Narrow extends SseRegisters {
        Narrow(int target, int source) {
            super(target, source);
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            long[] x = core.state.fpu.xmm;
            int r = Float64.toFloat32(c, x[source]);
            SseControl.end(core, c);
            x[target] = x[target] & ~0xFFFF_FFFFL | r & 0xFFFF_FFFFL;
        }
    }

    private static final class Widen extends SseRegisters {
        Widen(int target, int source) {
            super(target, source);
        }

        @Override
        public void run(Core core) {
            FpContext c = SseControl.begin(core);
            long[] x = core.state.fpu.xmm;
            long r = Float64.fromFloat32(c, (int) x[source]);
            SseControl.end(core, c);
            x[target] = r;
        }
    }
}
