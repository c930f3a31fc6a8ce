package io.sluice.vmm.cpu.isa;

import io.sluice.vmm.testkit.MachineState;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// What Intel's CPUs do otherwise than AMD's where the manuals leave it open. The guest does as AMD's do.
final class IntelWays {
    private static final int BOUND_RANGE = 5;
    private static final int STACK_FAULT = 12;
    private static final int GENERAL_PROTECTION = 13;
    private static final int PAGE_FAULT = 14;
    /// Of x87's status word: an unmasked exception is pending.
    private static final int ERROR_SUMMARY = 0x80;

    private static final int LARGEST_OPERAND = 16;
    private static final int ECX = 1;
    private static final int EDI = 7;

    private IntelWays() {}

    /// The fault may be another, or be on one side only.
    static boolean faultOtherwise(Insn insn, MachineState before, MachineState host, MachineState guest) {
        if (wraps(insn, before) && host.vector == PAGE_FAULT && isOfSegment(guest.vector)) {
            return true;
        }
        return switch (insn.op) {
            // A value that raises an unmasked exception is not stored: is the place looked at?
            case FST, FSTP, FIST, FISTP, FISTTP, FBSTP ->
                host.vector == MachineState.NO_FAULT && (status(host) & ERROR_SUMMARY) != 0;
            // The lower bound alone may decide.
            case BOUND -> host.vector == BOUND_RANGE && guest.vector == PAGE_FAULT;
            // Compatibility mode may take the lower half of the offset, and ask for its limit then.
            case RET_FAR -> host.vector == MachineState.NO_FAULT && insn.operandSize == 8;
            default -> false;
        };
    }

    /// An operand that reaches over the end of 4 GiB may be beyond the limit of a segment that ends there, or not (SDM
    /// volume 3, section 5.3).
    private static boolean wraps(Insn insn, MachineState before) {
        long address = Addresses.memoryOperand(insn, before) & 0xFFFF_FFFFL;
        return insn.mode == 32 && address + LARGEST_OPERAND > 1L << 32;
    }

    private static boolean isOfSegment(int vector) {
        return vector == STACK_FAULT || vector == GENERAL_PROTECTION;
    }

    private static int status(MachineState state) {
        return ByteBuffer.wrap(state.fpu).order(ByteOrder.LITTLE_ENDIAN).getShort(2);
    }

    /// Which bits of a register are the same: a repeated string instruction that has nothing to do may clear the upper
    /// halves when addresses have 32 bits.
    static long sameBits(Insn insn, MachineState before, int register) {
        boolean nothing = insn.mode == 64 && insn.addressSize == 4 && insn.rep != 0 && (int) before.gpr[ECX] == 0;
        boolean used = register == ECX || register >= EDI - 1 && register <= EDI;
        return nothing && used && isString(insn) ? 0xFFFF_FFFFL : -1;
    }

    /// Whether the flags of the comparisons that were done are there when a later one faults.
    static boolean keepsFlags(Insn insn) {
        return insn.op == Op.CMPS || insn.op == Op.SCAS;
    }

    private static boolean isString(Insn insn) {
        return switch (insn.op) {
            case MOVS, CMPS, STOS, LODS, SCAS -> true;
            default -> false;
        };
    }

    /// A store that faults has not gone over to MMX.
    static boolean staysX87(Insn insn) {
        boolean stores = insn.op == Op.MOVD || insn.op == Op.MOVQ || insn.op == Op.MOVNTQ;
        return stores && insn.operands[0].kind() != Operand.Kind.MMX;
    }

    /// Of several values that are no numbers one comes out; which is not said.
    static boolean isOneOfMany(Insn insn, long host, long guest) {
        return switch (insn.op) {
            case DPPS -> isSingle((int) host, (int) guest) && isSingle((int) (host >>> 32), (int) (guest >>> 32));
            case DPPD -> Double.isNaN(Double.longBitsToDouble(host)) && Double.isNaN(Double.longBitsToDouble(guest));
            default -> false;
        };
    }

    private static boolean isSingle(int host, int guest) {
        return host == guest || Float.isNaN(Float.intBitsToFloat(host)) && Float.isNaN(Float.intBitsToFloat(guest));
    }
}
