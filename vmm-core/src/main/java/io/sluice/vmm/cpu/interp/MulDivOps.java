package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.GuestFault;
import org.jspecify.annotations.Nullable;

/// MUL, IMUL, DIV, IDIV. SF, ZF, AF and PF after a multiplication are undefined; here they tell of the low half.
final class MulDivOps {
    private MulDivOps() {}

    static @Nullable MicroOp create(Insn insn) {
        return switch (insn.op) {
            case MUL -> multiply(insn, false);
            case IMUL -> insn.operands.length == 1 ? multiply(insn, true) : multiplyInto(insn);
            case DIV -> divide(insn, false);
            case IDIV -> divide(insn, true);
            default -> null;
        };
    }

    private static MicroOp multiply(Insn insn, boolean signed) {
        var source = Location.of(insn, 0);
        int size = source.size;
        return Cold.of(core -> {
            long a = core.register(0, size);
            long b = source.get(core);
            if (size == 8) {
                long low = a * b;
                long high = signed ? Math.multiplyHigh(a, b) : Math.unsignedMultiplyHigh(a, b);
                core.gpr[0] = low;
                core.gpr[2] = high;
                flags(core, 8, low, signed ? high != low >> 63 : high != 0);
                return;
            }
            long product = signed ? Flags.extend(size, a) * Flags.extend(size, b) : a * b;
            if (size == 1) {
                core.setRegister(0, 2, product);
            } else {
                core.setRegister(0, size, product);
                core.setRegister(2, size, product >>> 8 * size);
            }
            boolean wide = signed ? product != Flags.extend(size, product) : product >>> 8 * size != 0;
            flags(core, size, product, wide);
        });
    }

    private static void flags(Core core, int size, long low, boolean wide) {
        Flags.set(core.state, size, low, wide, wide);
    }

    private static MicroOp multiplyInto(Insn insn) {
        var target = Location.of(insn, 0);
        boolean three = insn.operands.length == 3;
        var first = three ? Location.of(insn, 1) : target;
        var second = Location.of(insn, insn.operand(three ? 2 : 1), target.size);
        int size = target.size;
        return Cold.of(core -> {
            long a = Flags.extend(size, first.get(core));
            long b = Flags.extend(size, second.get(core));
            long product = a * b;
            boolean wide =
                    size == 8 ? Math.multiplyHigh(a, b) != product >> 63 : product != Flags.extend(size, product);
            target.set(core, product);
            flags(core, size, product, wide);
        });
    }

    private static MicroOp divide(Insn insn, boolean signed) {
        var source = Location.of(insn, 0);
        int size = source.size;
        if (size == 8) {
            return signed
                    ? Cold.of(core -> divideSigned128(core, source.get(core)))
                    : Cold.of(core -> divideUnsigned128(core, source.get(core)));
        }
        return Cold.of(core -> {
            long divisor = source.get(core);
            long dividend =
                    size == 1 ? core.register(0, 2) : core.register(2, size) << 8 * size | core.register(0, size);
            if (divisor == 0) {
                throw GuestFault.de();
            }
            long quotient;
            long remainder;
            if (signed) {
                long d = Flags.extend(size, divisor);
                long n = Flags.extend(2 * size, dividend);
                quotient = n / d;
                remainder = n % d;
                // The one quotient that Java wraps: the most negative 64-bit number by -1.
                if (quotient != Flags.extend(size, quotient) || n == Long.MIN_VALUE && d == -1) {
                    throw GuestFault.de();
                }
            } else {
                quotient = Long.divideUnsigned(dividend, divisor);
                remainder = Long.remainderUnsigned(dividend, divisor);
                if (quotient >>> 8 * size != 0) {
                    throw GuestFault.de();
                }
            }
            if (size == 1) {
                core.setRegister(0, 2, quotient & 0xFF | (remainder & 0xFF) << 8);
            } else {
                core.setRegister(0, size, quotient);
                core.setRegister(2, size, remainder);
            }
        });
    }

    private static void divideUnsigned128(Core core, long divisor) {
        long high = core.gpr[2];
        long low = core.gpr[0];
        if (divisor == 0 || Long.compareUnsigned(high, divisor) >= 0) {
            throw GuestFault.de();
        }
        long quotient = quotient128(high, low, divisor);
        core.gpr[0] = quotient;
        core.gpr[2] = low - quotient * divisor;
    }

    /// Quotient of high:low by divisor, where high < divisor (Knuth's algorithm D with 32-bit digits).
    private static long quotient128(long high, long low, long divisor) {
        if (high == 0) {
            return Long.divideUnsigned(low, divisor);
        }
        int shift = Long.numberOfLeadingZeros(divisor);
        long d = divisor << shift;
        long n1 = shift == 0 ? high : high << shift | low >>> 64 - shift;
        long n0 = low << shift;
        long dHigh = d >>> 32;
        long dLow = d & 0xFFFF_FFFFL;
        long q1 = digit(n1, n0 >>> 32, dHigh, dLow);
        long rest = (n1 << 32 | n0 >>> 32) - q1 * d;
        long q0 = digit(rest, n0 & 0xFFFF_FFFFL, dHigh, dLow);
        return (q1 << 32) + q0;
    }

    /// One 32-bit digit of the quotient of (high, next) by (dHigh, dLow).
    private static long digit(long high, long next, long dHigh, long dLow) {
        long q = Long.divideUnsigned(high, dHigh);
        long r = high - q * dHigh;
        while (q >>> 32 != 0 || Long.compareUnsigned(q * dLow, r << 32 | next) > 0) {
            q--;
            r += dHigh;
            if (r >>> 32 != 0) {
                break;
            }
        }
        return q;
    }

    private static void divideSigned128(Core core, long divisor) {
        long high = core.gpr[2];
        long low = core.gpr[0];
        if (divisor == 0) {
            throw GuestFault.de();
        }
        boolean negative = high < 0;
        long absLow = negative ? -low : low;
        long absHigh = negative ? ~high + (low == 0 ? 1 : 0) : high;
        long absDivisor = Math.abs(divisor);
        if (Long.compareUnsigned(absHigh, absDivisor) >= 0) {
            throw GuestFault.de();
        }
        long quotient = quotient128(absHigh, absLow, absDivisor);
        long remainder = absLow - quotient * absDivisor;
        boolean minus = negative != divisor < 0;
        // Magnitudes up to 2^63 - 1, and 2^63 itself only with a minus.
        if (quotient < 0 && !(minus && quotient == Long.MIN_VALUE)) {
            throw GuestFault.de();
        }
        core.gpr[0] = minus ? -quotient : quotient;
        core.gpr[2] = negative ? -remainder : remainder;
    }
}
