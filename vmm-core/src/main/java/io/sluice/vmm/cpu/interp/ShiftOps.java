package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.isa.Operand;
import io.sluice.vmm.cpu.state.CpuState;
import org.jspecify.annotations.Nullable;

/// Shifts and rotates. Counts are taken modulo 32, or 64 for 64-bit operands; a count of zero changes no flag.
final class ShiftOps {
    private ShiftOps() {}

    static @Nullable MicroOp create(Insn insn) {
        return switch (insn.op) {
            case SHL, SHR, SAR, ROL, ROR, RCL, RCR -> shift(insn);
            case SHLD, SHRD -> doubleShift(insn);
            case SHLX, SHRX, SARX -> flaglessShift(insn);
            case RORX -> rotateWithoutFlags(insn);
            default -> null;
        };
    }

    private static MicroOp shift(Insn insn) {
        var target = insn.operand(0);
        var count = Location.of(insn, insn.operand(1), 1);
        int size = target.size();
        if (target.kind() == Operand.Kind.GPR && size >= 4 && insn.operand(1).kind() != Operand.Kind.GPR) {
            int n = (int) (insn.operand(1).kind() == Operand.Kind.CONSTANT ? 1 : insn.imm) & 8 * size - 1;
            if (n != 0 && insn.op == Op.SHL) {
                return new ShlImm(target.number(), size, n);
            }
            if (n != 0 && insn.op == Op.SHR) {
                return new ShrImm(target.number(), size, n);
            }
        }
        var op = insn.op;
        var place = Location.of(insn, 0);
        int mask = size == 8 ? 63 : 31;
        Location.Update update = (core, old) -> core.count == 0 ? old : apply(core.state, op, size, old, core.count);
        return Cold.of(core -> {
            core.count = (int) count.get(core) & mask;
            place.update(core, update);
        });
    }

    private static final class ShlImm extends MicroOp {
        private final int register;
        private final int size;
        private final int count;

        ShlImm(int register, int size, int count) {
            this.register = register;
            this.size = size;
            this.count = count;
        }

        @Override
        public void run(Core core) {
            core.setRegister(register, size, shl(core.state, size, core.register(register, size), count));
        }
    }

    private static final class ShrImm extends MicroOp {
        private final int register;
        private final int size;
        private final int count;

        ShrImm(int register, int size, int count) {
            this.register = register;
            this.size = size;
            this.count = count;
        }

        @Override
        public void run(Core core) {
            core.setRegister(register, size, shr(core.state, size, core.register(register, size), count));
        }
    }

    private static long apply(CpuState s, Op op, int size, long value, int count) {
        return switch (op) {
            case SHL -> shl(s, size, value, count);
            case SHR -> shr(s, size, value, count);
            case SAR -> sar(s, size, value, count);
            case ROL -> rol(s, size, value, count);
            case ROR -> ror(s, size, value, count);
            case RCL -> rcl(s, size, value, count);
            default -> rcr(s, size, value, count);
        };
    }

    private static boolean bit(long value, int number) {
        return (value >>> number & 1) != 0;
    }

    /// `count` may exceed the width of 8- and 16-bit operands.
    private static long shl(CpuState s, int size, long value, int count) {
        int bits = 8 * size;
        long r = count < 64 ? value << count : 0;
        boolean carry = count <= bits && bit(value, bits - count);
        boolean overflow = bit(r, bits - 1) != carry;
        Flags.set(s, size, r, carry, overflow);
        return r;
    }

    private static long shr(CpuState s, int size, long value, int count) {
        boolean carry = count <= 8 * size && bit(value, count - 1);
        long r = value >>> count;
        Flags.set(s, size, r, carry, bit(value, 8 * size - 1));
        return r;
    }

    private static long sar(CpuState s, int size, long value, int count) {
        long extended = Flags.extend(size, value);
        boolean carry = bit(extended >> Math.min(count - 1, 63), 0);
        long r = extended >> Math.min(count, 63);
        Flags.set(s, size, r, carry, false);
        return r;
    }

    private static long rol(CpuState s, int size, long value, int count) {
        int bits = 8 * size;
        int n = count & bits - 1;
        long r = n == 0 ? value : value << n | value >>> bits - n;
        boolean carry = bit(r, 0);
        Flags.setCarryOverflow(s, carry, carry != bit(r, bits - 1));
        return r;
    }

    private static long ror(CpuState s, int size, long value, int count) {
        int bits = 8 * size;
        int n = count & bits - 1;
        long r = n == 0 ? value : value >>> n | value << bits - n;
        Flags.setCarryOverflow(s, bit(r, bits - 1), bit(r, bits - 1) != bit(r, bits - 2));
        return r;
    }

    /// Rotates through CF: one bit more than the operand has.
    private static long rcl(CpuState s, int size, long value, int count) {
        int bits = 8 * size;
        int n = size <= 2 ? count % (bits + 1) : count;
        long r = value & Location.mask(size);
        boolean carry = s.cf();
        for (int i = 0; i < n; i++) {
            boolean out = bit(r, bits - 1);
            r = r << 1 | (carry ? 1 : 0);
            carry = out;
        }
        Flags.setCarryOverflow(s, carry, carry != bit(r, bits - 1));
        return r;
    }

    private static long rcr(CpuState s, int size, long value, int count) {
        int bits = 8 * size;
        int n = size <= 2 ? count % (bits + 1) : count;
        long r = value & Location.mask(size);
        boolean carry = s.cf();
        for (int i = 0; i < n; i++) {
            boolean out = bit(r, 0);
            r = r >>> 1 | (carry ? 1L << bits - 1 : 0);
            carry = out;
        }
        Flags.setCarryOverflow(s, carry, bit(r, bits - 1) != bit(r, bits - 2));
        return r;
    }

    private static MicroOp doubleShift(Insn insn) {
        var target = Location.of(insn, 0);
        var filler = Location.of(insn, 1);
        var count = Location.of(insn, insn.operand(2), 1);
        boolean left = insn.op == Op.SHLD;
        int size = target.size;
        int mask = size == 8 ? 63 : 31;
        Location.Update update = (core, old) -> {
            int n = core.count;
            if (n == 0) {
                return old;
            }
            long fill = filler.get(core);
            return left ? shld(core.state, size, old, fill, n) : shrd(core.state, size, old, fill, n);
        };
        return Cold.of(core -> {
            core.count = (int) count.get(core) & mask;
            target.update(core, update);
        });
    }

    /// A 16-bit shift by more than 16 is undefined; processors shift the 48 bits value:fill:value.
    private static long shld(CpuState s, int size, long value, long fill, int n) {
        int bits = 8 * size;
        long r;
        boolean carry;
        if (size == 2) {
            long wide = value << 32 | fill << 16 | value;
            r = wide << n >>> 32 & 0xFFFF;
            carry = bit(wide, 48 - n);
        } else {
            r = value << n | fill >>> bits - n;
            carry = bit(value, bits - n);
        }
        Flags.set(s, size, r, carry, bit(r, bits - 1) != bit(value, bits - 1));
        return r;
    }

    private static long shrd(CpuState s, int size, long value, long fill, int n) {
        int bits = 8 * size;
        long r;
        boolean carry;
        if (size == 2) {
            long wide = value << 32 | fill << 16 | value;
            r = wide >>> n & 0xFFFF;
            carry = bit(wide, n - 1);
        } else {
            r = value >>> n | fill << bits - n;
            carry = bit(value, n - 1);
        }
        Flags.set(s, size, r, carry, bit(r, bits - 1) != bit(value, bits - 1));
        return r;
    }

    private static MicroOp flaglessShift(Insn insn) {
        var target = Location.of(insn, 0);
        var source = Location.of(insn, 1);
        var count = Location.of(insn, 2);
        int size = target.size;
        int mask = 8 * size - 1;
        var op = insn.op;
        return Cold.of(core -> {
            long value = source.get(core);
            int n = (int) count.get(core) & mask;
            target.set(
                    core,
                    switch (op) {
                        case SHLX -> value << n;
                        case SHRX -> value >>> n;
                        default -> Flags.extend(size, value) >> n;
                    });
        });
    }

    private static MicroOp rotateWithoutFlags(Insn insn) {
        var target = Location.of(insn, 0);
        var source = Location.of(insn, 1);
        int n = (int) insn.imm;
        return target.size == 8
                ? Cold.of(core -> target.set(core, Long.rotateRight(source.get(core), n)))
                : Cold.of(core -> target.set(core, Integer.rotateRight((int) source.get(core), n)));
    }
}
