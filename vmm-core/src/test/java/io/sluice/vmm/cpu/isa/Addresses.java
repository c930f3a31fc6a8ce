package io.sluice.vmm.cpu.isa;

import io.sluice.vmm.testkit.HostCpu;
import io.sluice.vmm.testkit.MachineState;

/// Where an instruction's memory operand lies.
final class Addresses {
    private Addresses() {}

    static long segmentBase(int segment, MachineState state) {
        return segment == Insn.FS ? state.fsBase : segment == Insn.GS ? state.gsBase : 0;
    }

    /// Linear address of the memory operand of an instruction at [HostCpu#INSTRUCTION].
    static long memoryOperand(Insn insn, MachineState state) {
        long address = insn.displacement;
        if (insn.ripRelative) {
            address += HostCpu.INSTRUCTION + insn.length;
        }
        if (insn.base >= 0) {
            address += state.gpr[insn.base];
        }
        if (insn.index >= 0) {
            address += state.gpr[insn.index] << insn.scale;
        }
        if (isBitString(insn)) {
            int size = insn.operands[0].size();
            long number = state.gpr[insn.operands[1].number()] << 64 - 8 * size >> 64 - 8 * size;
            address += (number >> Integer.numberOfTrailingZeros(8 * size)) * size;
        }
        if (insn.addressSize == 4) {
            address &= 0xFFFF_FFFFL;
        }
        return address + segmentBase(insn.segment, state);
    }

    /// A bit number in a register may lead anywhere from the operand's address.
    private static boolean isBitString(Insn insn) {
        return switch (insn.op) {
            case BT, BTS, BTR, BTC -> insn.operands[1].kind() == Operand.Kind.GPR;
            default -> false;
        };
    }
}
