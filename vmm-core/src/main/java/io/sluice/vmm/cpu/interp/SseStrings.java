package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.state.CpuState;
import org.jspecify.annotations.Nullable;

/// PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM (SDM volume 2, 4.1). The control byte: bits 1..0 the elements (unsigned
/// or signed, bytes or words), 3..2 the aggregation, 5..4 the polarity, 6 the form of the result.
final class SseStrings extends SseRegisters {
    private static final int EQUAL_ANY = 0;
    private static final int RANGES = 1;
    private static final int EQUAL_EACH = 2;

    private final boolean explicit;
    private final boolean mask;
    private final boolean wideLengths;
    private final int control;
    private final int elements;
    private final boolean words;
    private final boolean signed;

    private SseStrings(Insn insn, boolean explicit, boolean mask) {
        super(2 * insn.operand(0).number(), SseMemory.slot(insn, 1));
        this.explicit = explicit;
        this.mask = mask;
        // REX.W makes the explicit lengths 64 bits.
        this.wideLengths = insn.operandSize == 8;
        this.control = (int) insn.imm & 0x7F;
        this.words = (control & 1) != 0;
        this.signed = (control & 2) != 0;
        this.elements = words ? 8 : 16;
    }

    static @Nullable MicroOp create(Insn insn) {
        return switch (insn.op) {
            case PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM -> {
                boolean explicit = insn.op == Op.PCMPESTRI || insn.op == Op.PCMPESTRM;
                boolean mask = insn.op == Op.PCMPESTRM || insn.op == Op.PCMPISTRM;
                yield SseMemory.withSource(insn, 1, new SseStrings(insn, explicit, mask), false);
            }
            default -> null;
        };
    }

    @Override
    public void run(Core core) {
        SseControl.check(core);
        long[] x = core.state.fpu.xmm;
        int length1 = explicit ? length(core, 0) : implicitLength(x, target);
        int length2 = explicit ? length(core, 2) : implicitLength(x, source);
        int all = (1 << elements) - 1;
        int result = aggregate(x, length1, length2) & all;
        if ((control & 0x10) != 0) {
            // Negative polarity; masked: only where the second string has elements.
            result ^= (control & 0x20) != 0 ? (1 << length2) - 1 : all;
        }
        if (mask) {
            storeMask(x, result);
        } else {
            int index = (control & 0x40) != 0
                    ? 31 - Integer.numberOfLeadingZeros(result)
                    : Integer.numberOfTrailingZeros(result);
            core.gpr[1] = result == 0 ? elements : index;
        }
        core.state.setArithmeticFlags((result != 0 ? CpuState.CF : 0)
                | (length2 < elements ? CpuState.ZF : 0)
                | (length1 < elements ? CpuState.SF : 0)
                | ((result & 1) != 0 ? CpuState.OF : 0));
    }

    private int length(Core core, int register) {
        long value = wideLengths ? core.gpr[register] : (int) core.gpr[register];
        // The most negative value has no absolute, and saturates as well.
        return value == Long.MIN_VALUE ? elements : (int) Math.min(Math.abs(value), elements);
    }

    private int implicitLength(long[] x, int register) {
        for (int i = 0; i < elements; i++) {
            if (element(x, register, i) == 0) {
                return i;
            }
        }
        return elements;
    }

    private int element(long[] x, int register, int i) {
        if (words) {
            long half = x[register + (i >> 2)];
            return signed ? SseLanes.word(half, i & 3) : SseLanes.unsignedWord(half, i & 3);
        }
        long half = x[register + (i >> 3)];
        return signed ? SseLanes.signedByte(half, i & 7) : SseLanes.unsignedByte(half, i & 7);
    }

    private int aggregate(long[] x, int length1, int length2) {
        return switch (control >> 2 & 3) {
            case EQUAL_ANY -> equalAny(x, length1, length2);
            case RANGES -> ranges(x, length1, length2);
            case EQUAL_EACH -> equalEach(x, length1, length2);
            default -> equalOrdered(x, length1, length2);
        };
    }

    private int equalAny(long[] x, int length1, int length2) {
        int result = 0;
        for (int j = 0; j < length2; j++) {
            int wanted = element(x, source, j);
            for (int i = 0; i < length1; i++) {
                if (element(x, target, i) == wanted) {
                    result |= 1 << j;
                }
            }
        }
        return result;
    }

    private int ranges(long[] x, int length1, int length2) {
        int result = 0;
        for (int j = 0; j < length2; j++) {
            int value = element(x, source, j);
            for (int i = 0; i + 1 < length1; i += 2) {
                if (value >= element(x, target, i) && value <= element(x, target, i + 1)) {
                    result |= 1 << j;
                }
            }
        }
        return result;
    }

    /// Two elements that are both beyond their ends are equal.
    private int equalEach(long[] x, int length1, int length2) {
        int result = 0;
        for (int i = 0; i < elements; i++) {
            boolean equal = i < length1 && i < length2
                    ? element(x, target, i) == element(x, source, i)
                    : i >= length1 && i >= length2;
            result |= equal ? 1 << i : 0;
        }
        return result;
    }

    /// Where in the second string the first begins; it may run over the end of the register.
    private int equalOrdered(long[] x, int length1, int length2) {
        int result = 0;
        for (int j = 0; j < elements; j++) {
            boolean found = true;
            for (int i = 0; i < length1 && i + j < elements; i++) {
                found &= i + j < length2 && element(x, target, i) == element(x, source, i + j);
            }
            result |= found ? 1 << j : 0;
        }
        return result;
    }

    private void storeMask(long[] x, int result) {
        if ((control & 0x40) == 0) {
            x[0] = result;
            x[1] = 0;
        } else if (words) {
            x[0] = expand(result, 4, 16);
            x[1] = expand(result >> 4, 4, 16);
        } else {
            x[0] = expand(result, 8, 8);
            x[1] = expand(result >> 8, 8, 8);
        }
    }

    private static long expand(int bits, int lanes, int width) {
        long r = 0;
        for (int i = 0; i < lanes; i++) {
            r |= (-(long) (bits >> i & 1) & (1L << width) - 1) << i * width;
        }
        return r;
    }
}
