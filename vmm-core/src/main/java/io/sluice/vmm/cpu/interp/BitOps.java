package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.isa.Operand;
import org.jspecify.annotations.Nullable;

/// Bit tests, bit scans, counts, BMI1, BMI2, ADX, CRC32, RDRAND.
final class BitOps {
    private BitOps() {}

    static @Nullable MicroOp create(Insn insn) {
        return switch (insn.op) {
            case BT, BTS, BTR, BTC -> bitTest(insn);
            case BSF, BSR -> bitScan(insn);
            case TZCNT, LZCNT, POPCNT -> count(insn);
            case ANDN, BLSR, BLSMSK, BLSI, BZHI, BEXTR -> bmi(insn);
            case PEXT, PDEP -> scatterGather(insn);
            case MULX -> multiplyWithoutFlags(insn);
            case ADCX, ADOX -> addWithFlag(insn);
            case CRC32 -> crc(insn);
            case RDRAND, RDSEED -> random(insn);
            default -> null;
        };
    }

    private static long changed(Op op, long value, long bit) {
        return switch (op) {
            case BTS -> value | bit;
            case BTR -> value & ~bit;
            case BTC -> value ^ bit;
            default -> value;
        };
    }

    private static MicroOp bitTest(Insn insn) {
        var op = insn.op;
        int size = insn.operand(0).size();
        boolean memory = insn.operand(0).kind() == Operand.Kind.MEMORY;
        boolean byRegister = insn.operand(1).kind() == Operand.Kind.GPR;
        var number = Location.of(insn, insn.operand(1), size);
        if (memory && byRegister) {
            return bitString(insn, op, size, number);
        }
        var target = Location.of(insn, 0);
        if (op == Op.BT) {
            return Cold.of(core -> {
                int n = (int) number.get(core) & 8 * size - 1;
                Flags.setCarry(core.state, (target.get(core) >>> n & 1) != 0);
            });
        }
        var update = testAndChange(op);
        return Cold.of(core -> {
            core.count = (int) number.get(core) & 8 * size - 1;
            target.update(core, update);
        });
    }

    /// A register's bit number may lead anywhere from the operand's address, signed.
    private static MicroOp bitString(Insn insn, Op op, int size, Location number) {
        var address = new Address(insn);
        long mask = Location.mask(insn.addressSize);
        boolean lock = insn.lock;
        int shift = size == 8 ? 6 : size == 4 ? 5 : 4;
        var update = testAndChange(op);
        return Cold.of(core -> {
            long wide = Flags.extend(size, number.get(core));
            int n = (int) wide & 8 * size - 1;
            long offset = address.offset(core) + (wide >> shift) * size & mask;
            if (op == Op.BT) {
                Flags.setCarry(core.state, (core.load(address.segment, offset, size) >>> n & 1) != 0);
                return;
            }
            long at = core.linear(address.segment, offset, size, true);
            core.count = n;
            Location.Memory.updateAt(core, at, size, lock, update);
        });
    }

    /// Works on bit [Core#count].
    private static Location.Update testAndChange(Op op) {
        return (core, old) -> {
            Flags.setCarry(core.state, (old >>> core.count & 1) != 0);
            return changed(op, old, 1L << core.count);
        };
    }

    /// A zero source sets ZF and leaves the target; the other flags are as processors leave them.
    private static MicroOp bitScan(Insn insn) {
        var target = Location.of(insn, 0);
        var source = Location.of(insn, 1);
        boolean forward = insn.op == Op.BSF;
        return Cold.of(core -> {
            long value = source.get(core);
            if (value == 0) {
                Flags.setZero(core.state, true);
            } else {
                int n = forward ? Long.numberOfTrailingZeros(value) : 63 - Long.numberOfLeadingZeros(value);
                target.set(core, n);
                Flags.setZero(core.state, false);
            }
        });
    }

    private static MicroOp count(Insn insn) {
        var target = Location.of(insn, 0);
        var source = Location.of(insn, 1);
        int bits = 8 * target.size;
        var op = insn.op;
        return Cold.of(core -> {
            long value = source.get(core);
            long n = switch (op) {
                case TZCNT -> Math.min(bits, Long.numberOfTrailingZeros(value));
                case LZCNT -> Long.numberOfLeadingZeros(value) - (64 - bits);
                default -> Long.bitCount(value);
            };
            target.set(core, n);
            if (op == Op.POPCNT) {
                core.state.setArithmeticFlags(n == 0 ? io.sluice.vmm.cpu.state.CpuState.ZF : 0);
            } else {
                Flags.set(core.state, target.size, n, n == bits, false);
            }
        });
    }

    private static MicroOp bmi(Insn insn) {
        var target = Location.of(insn, 0);
        var first = Location.of(insn, 1);
        var second = insn.operands.length > 2 ? Location.of(insn, 2) : first;
        int size = target.size;
        int bits = 8 * size;
        return switch (insn.op) {
            case ANDN ->
                Cold.of(core -> {
                    long r = ~first.get(core) & second.get(core);
                    target.set(core, r);
                    Flags.set(core.state, size, r, false, false);
                });
            case BLSR ->
                Cold.of(core -> {
                    long value = first.get(core);
                    long r = value & value - 1;
                    target.set(core, r);
                    Flags.set(core.state, size, r, value == 0, false);
                });
            case BLSMSK ->
                Cold.of(core -> {
                    long value = first.get(core);
                    long r = value ^ value - 1;
                    target.set(core, r);
                    Flags.set(core.state, size, r, value == 0, false);
                });
            case BLSI ->
                Cold.of(core -> {
                    long value = first.get(core);
                    long r = value & -value;
                    target.set(core, r);
                    Flags.set(core.state, size, r, value != 0, false);
                });
            case BZHI ->
                Cold.of(core -> {
                    long value = first.get(core);
                    int n = (int) second.get(core) & 0xFF;
                    long r = n < bits ? value & (1L << n) - 1 : value;
                    target.set(core, r);
                    Flags.set(core.state, size, r, n > bits - 1, false);
                });
            default ->
                Cold.of(core -> {
                    long value = first.get(core);
                    int control = (int) second.get(core);
                    int start = control & 0xFF;
                    int length = control >>> 8 & 0xFF;
                    long r = start < 64 ? value >>> start : 0;
                    r = length < 64 ? r & (1L << length) - 1 : r;
                    target.set(core, r);
                    Flags.set(core.state, size, r, false, false);
                });
        };
    }

    private static MicroOp scatterGather(Insn insn) {
        var target = Location.of(insn, 0);
        var source = Location.of(insn, 1);
        var mask = Location.of(insn, 2);
        return insn.op == Op.PEXT
                ? Cold.of(core -> target.set(core, Long.compress(source.get(core), mask.get(core))))
                : Cold.of(core -> target.set(core, Long.expand(source.get(core), mask.get(core))));
    }

    private static MicroOp multiplyWithoutFlags(Insn insn) {
        var high = Location.of(insn, 0);
        var low = Location.of(insn, 1);
        var source = Location.of(insn, 2);
        int size = high.size;
        return Cold.of(core -> {
            long a = core.register(2, size);
            long b = source.get(core);
            // The low half is written first: if both targets are one register, it holds the high half.
            if (size == 8) {
                low.set(core, a * b);
                high.set(core, Math.unsignedMultiplyHigh(a, b));
            } else {
                low.set(core, a * b);
                high.set(core, a * b >>> 32);
            }
        });
    }

    private static MicroOp addWithFlag(Insn insn) {
        var target = Location.of(insn, 0);
        var source = Location.of(insn, 1);
        int size = target.size;
        boolean byCarry = insn.op == Op.ADCX;
        return Cold.of(core -> {
            var s = core.state;
            long a = target.get(core);
            long b = source.get(core);
            long r = a + b + ((byCarry ? s.cf() : s.of()) ? 1 : 0);
            long carries = a & b | (a | b) & ~r;
            boolean out = (carries >>> 8 * size - 1 & 1) != 0;
            target.set(core, r);
            Flags.setCarryOverflow(s, byCarry ? out : s.cf(), byCarry ? s.of() : out);
        });
    }

    private static final int[] CRC_TABLE = crcTable();

    /// CRC-32C, reflected polynomial 0x82F63B78.
    private static int[] crcTable() {
        var table = new int[256];
        for (int i = 0; i < 256; i++) {
            int value = i;
            for (int bit = 0; bit < 8; bit++) {
                value = (value & 1) != 0 ? value >>> 1 ^ 0x82F63B78 : value >>> 1;
            }
            table[i] = value;
        }
        return table;
    }

    private static MicroOp crc(Insn insn) {
        int target = insn.operand(0).number();
        var source = Location.of(insn, 1);
        return Cold.of(core -> {
            long data = source.get(core);
            int crc = (int) core.gpr[target];
            for (int i = 0; i < source.size; i++) {
                crc = crc >>> 8 ^ CRC_TABLE[(crc ^ (int) (data >>> 8 * i)) & 0xFF];
            }
            core.gpr[target] = crc & 0xFFFF_FFFFL;
        });
    }

    private static MicroOp random(Insn insn) {
        var target = Location.of(insn, 0);
        return Cold.of(core -> {
            target.set(core, core.nextRandom());
            core.state.setArithmeticFlags(io.sluice.vmm.cpu.state.CpuState.CF);
        });
    }
}
