package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.GuestFault;
import org.jspecify.annotations.Nullable;

/// Decimal adjustments, SALC, BOUND, and the flag instructions.
final class DecimalOps {
    private DecimalOps() {}

    static @Nullable MicroOp create(Insn insn) {
        return switch (insn.op) {
            case DAA -> Cold.of(core -> adjust(core, true));
            case DAS -> Cold.of(core -> adjust(core, false));
            case AAA -> Cold.of(core -> asciiAdjust(core, true));
            case AAS -> Cold.of(core -> asciiAdjust(core, false));
            case AAM -> Cold.of(core -> divideDigits(core, (int) insn.imm & 0xFF));
            case AAD -> Cold.of(core -> joinDigits(core, (int) insn.imm & 0xFF));
            case SALC -> Cold.of(core -> core.setRegister(0, 1, core.state.cf() ? 0xFF : 0));
            case BOUND -> bound(insn);
            case CLC -> Cold.of(core -> Flags.setCarry(core.state, false));
            case STC -> Cold.of(core -> Flags.setCarry(core.state, true));
            case CMC -> Cold.of(core -> Flags.setCarry(core.state, !core.state.cf()));
            case CLD -> Cold.of(core -> core.state.systemFlags &= ~CpuState.DF);
            case STD -> Cold.of(core -> core.state.systemFlags |= CpuState.DF);
            case LAHF -> Cold.of(core -> core.gpr[0] = core.gpr[0] & ~0xFF00L | (core.state.flags() & 0xD7L) << 8);
            case SAHF ->
                Cold.of(core -> {
                    int ah = (int) (core.gpr[0] >>> 8) & 0xD5;
                    core.state.setArithmeticFlags(ah | core.state.flags() & CpuState.OF);
                });
            default -> null;
        };
    }

    private static void adjust(Core core, boolean add) {
        var s = core.state;
        int al = (int) core.gpr[0] & 0xFF;
        boolean carry = s.cf();
        boolean half = (al & 0xF) > 9 || s.af();
        int result = al;
        if (half) {
            result += add ? 6 : -6;
        }
        boolean high = al > 0x99 || carry;
        boolean out = high;
        if (half && !add) {
            out |= al < 6;
        }
        if (high) {
            result += add ? 0x60 : -0x60;
        }
        core.setRegister(0, 1, result);
        setDecimal(s, result, out, half);
    }

    private static void setDecimal(CpuState s, int result, boolean carry, boolean half) {
        Flags.set(s, 1, result, carry, false);
        s.setArithmeticFlags(s.flags() & ~CpuState.AF | (half ? CpuState.AF : 0));
    }

    private static void asciiAdjust(Core core, boolean add) {
        var s = core.state;
        boolean adjusts = (core.gpr[0] & 0xF) > 9 || s.af();
        int ax = (int) core.gpr[0] & 0xFFFF;
        if (adjusts) {
            ax = add ? ax + 0x106 : ax - 6 - 0x100;
        }
        core.setRegister(0, 2, ax & 0xFF0F);
        setDecimal(s, ax & 0xF, adjusts, adjusts);
    }

    private static void divideDigits(Core core, int base) {
        if (base == 0) {
            throw GuestFault.de();
        }
        int al = (int) core.gpr[0] & 0xFF;
        core.setRegister(0, 2, al / base << 8 | al % base);
        Flags.set(core.state, 1, al % base, false, false);
    }

    private static void joinDigits(Core core, int base) {
        int al = (int) core.gpr[0] & 0xFF;
        int ah = (int) (core.gpr[0] >>> 8) & 0xFF;
        int result = al + ah * base & 0xFF;
        core.setRegister(0, 2, result);
        Flags.set(core.state, 1, result, false, false);
    }

    private static MicroOp bound(Insn insn) {
        int register = insn.operand(0).number();
        int size = insn.operand(0).size();
        var address = new Address(insn);
        return Cold.of(core -> {
            long index = Flags.extend(size, core.register(register, size));
            long offset = address.offset(core);
            long low = Flags.extend(size, core.load(address.segment, offset, size));
            long mask = Location.mask(insn.addressSize);
            long high = Flags.extend(size, core.load(address.segment, offset + size & mask, size));
            if (index < low || index > high) {
                throw new GuestFault(GuestFault.BR, GuestFault.NO_CODE);
            }
        });
    }
}
