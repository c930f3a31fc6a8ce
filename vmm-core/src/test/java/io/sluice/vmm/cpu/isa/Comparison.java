package io.sluice.vmm.cpu.isa;

import io.sluice.vmm.testkit.HostCpu;
import io.sluice.vmm.testkit.MachineState;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/// Compares two outcomes of one instruction, leaving out what the manual leaves undefined and what is the host's own.
final class Comparison {
    /// CF PF AF ZF SF IF DF OF IOPL NT AC ID.
    private static final int COMPARED_FLAGS = 0x247ED5;

    /// Linux's 32-bit code segment for user space.
    private static final int COMPATIBILITY = 0x23;

    private static final int STACK_FAULT = 12;
    private static final int GENERAL_PROTECTION = 13;
    private static final int PAGE_FAULT = 14;

    private static final int LARGEST_OPERAND = 16;

    private static final int FOP_TO_FDP = 6;
    private static final int MXCSR = 24;
    private static final int MXCSR_MASK = 28;
    private static final int ST = 32;
    private static final int XMM = 160;
    private static final int XMM_END = 416;
    private static final int XSTATE_BV = 512;
    private static final int XCOMP_BV = 520;

    /// End of user space, for Linux.
    private static final long USER_END = 0x7FFF_FFFF_F000L;

    private final boolean intel;
    private final Row row;
    private final Insn insn;
    private final MachineState before;
    private final MachineState host;
    private final MachineState guest;
    private final List<String> differences = new ArrayList<>();

    private Comparison(boolean intel, Row row, Insn insn, MachineState before, MachineState host, MachineState guest) {
        this.intel = intel;
        this.row = row;
        this.insn = insn;
        this.before = before;
        this.host = host;
        this.guest = guest;
    }

    /// What differs, empty if nothing does.
    ///
    /// @param intel whether the host's CPU is one of Intel's
    static List<String> differences(
            boolean intel, Row row, Insn insn, MachineState before, MachineState host, MachineState guest) {
        var comparison = new Comparison(intel, row, insn, before, host, guest);
        if (!comparison.isUndefinedAltogether()) {
            comparison.compare();
        }
        return comparison.differences;
    }

    private void compare() {
        if (host.vector != guest.vector) {
            if (!mayFaultDifferently()) {
                check("vector", host.vector, guest.vector);
            }
            return;
        }
        boolean faulted = host.vector != MachineState.NO_FAULT;
        // For kernel addresses Linux tells user space nothing of what is there.
        int errorMask = host.vector == PAGE_FAULT && Long.compareUnsigned(host.faultAddress, USER_END) >= 0 ? ~1 : -1;
        if (insn.op == Op.ARPL) {
            // AMD asks for write access only when it comes to write.
            errorMask &= ~2;
        }
        check("error code", host.errorCode & errorMask, guest.errorCode & errorMask);
        if (!isOrderOfAccessOpen()) {
            check("fault address", host.faultAddress, guest.faultAddress);
        }
        check("rip", host.rip, guest.rip);
        long registerMask = insn.mode == 64 ? -1 : 0xFFFF_FFFFL;
        for (int i = 0; i < (insn.mode == 64 ? 16 : 8); i++) {
            // The upper half of RSP does not outlive a transfer to compatibility mode.
            long mask = i == 4 && host.selectors[Insn.CS] == COMPATIBILITY ? 0xFFFF_FFFFL : registerMask;
            mask &= intel ? IntelWays.sameBits(insn, before, i) : -1;
            check("r" + i, host.gpr[i] & mask, guest.gpr[i] & mask);
        }
        if (!(intel && faulted && IntelWays.keepsFlags(insn))) {
            int flags = COMPARED_FLAGS & ~(faulted ? 0 : undefinedFlags());
            check("flags", host.rflags & flags, guest.rflags & flags);
        }
        for (int i = 0; i < 6; i++) {
            check("selector " + Disassembler.segmentName(i), selector(host, i), selector(guest, i));
        }
        if (!loadsSegment()) {
            check("fs base", host.fsBase, guest.fsBase);
            check("gs base", host.gsBase, guest.gsBase);
        }
        if (!(intel && faulted && IntelWays.staysX87(insn))) {
            compareFpu();
        }
        if (!(faulted && insn.op == Op.ENTER)) {
            // Frame pointers that ENTER copied before it faulted lie below the stack pointer.
            compareMemory();
        }
    }

    private boolean isXsave() {
        return switch (insn.op) {
            case XSAVE, XSAVEC, XSAVEOPT, XRSTOR -> true;
            default -> false;
        };
    }

    private boolean mayFaultDifferently() {
        if (intel && IntelWays.faultOtherwise(insn, before, host, guest)) {
            return true;
        }
        // The host's XSAVE area is as large as its own components.
        if (isXsave() && host.vector == PAGE_FAULT) {
            return true;
        }
        // With no byte selected, whether the address is looked at is not said.
        boolean masked = insn.op == Op.MASKMOVQ || insn.op == Op.MASKMOVDQU;
        if (masked && guest.vector == MachineState.NO_FAULT) {
            return true;
        }
        // An area may leave its segment in one place and the mapped pages in another.
        if (isOrderOfAccessOpen() && (host.vector == PAGE_FAULT || guest.vector == PAGE_FAULT)) {
            return host.vector != MachineState.NO_FAULT && guest.vector != MachineState.NO_FAULT;
        }
        // Is an unaligned operand over the limit of the stack segment unaligned first?
        boolean oneOfBoth = host.vector + guest.vector == STACK_FAULT + GENERAL_PROTECTION;
        return oneOfBoth && (Addresses.memoryOperand(insn, before) & 15) != 0 && needsAlignment();
    }

    private boolean needsAlignment() {
        if (isXsave() || insn.op == Op.FXSAVE || insn.op == Op.FXRSTOR) {
            return true;
        }
        for (Operand operand : insn.operands) {
            if (operand.kind() == Operand.Kind.XMM) {
                return true;
            }
        }
        return false;
    }

    /// Which byte of a large operand, or which of two operands, is touched first is not said.
    private boolean isOrderOfAccessOpen() {
        return switch (insn.op) {
            case CMPS, FXSAVE, FXRSTOR, MASKMOVQ, MASKMOVDQU, FNSAVE, FRSTOR, FNSTENV, FLDENV -> true;
            default -> isXsave();
        };
    }

    /// Returning from the signal, the processor makes every null selector 0.
    private static int selector(MachineState state, int segment) {
        int selector = state.selectors[segment];
        return selector < 4 ? 0 : selector;
    }

    private void check(String what, long host, long guest) {
        if (host != guest) {
            differences.add("%s: host %x, guest %x".formatted(what, host, guest));
        }
    }

    /// Shift count as the processor masks it; -1 if the row is no shift.
    private int count() {
        if (row.flagsUndefinedUnlessOne == 0) {
            return -1;
        }
        Operand last = insn.operands[insn.operands.length - 1];
        long count = switch (last.kind()) {
            case CONSTANT -> last.number();
            case IMMEDIATE -> insn.imm;
            default -> before.gpr[1];
        };
        return (int) count & (insn.operandSize == 8 ? 63 : 31);
    }

    private boolean isUndefinedAltogether() {
        boolean isDouble = insn.op == Op.SHLD || insn.op == Op.SHRD;
        return isDouble && insn.operandSize == 2 && count() > 16
                || insn.op == Op.FYL2XP1 && X87.isOutOfRange(before.fpu);
    }

    private int undefinedFlags() {
        int count = count();
        if (count == 0) {
            return 0;
        }
        int undefined = row.flagsUndefined;
        if (count > 1) {
            undefined |= row.flagsUndefinedUnlessOne;
        }
        if ((insn.op == Op.SHL || insn.op == Op.SHR) && count >= insn.operandSize * 8) {
            undefined |= 1;
        }
        return undefined;
    }

    private boolean loadsSegment() {
        return switch (insn.op) {
            case LFS, LGS -> true;
            case MOV, POP -> insn.operands[0].kind() == Operand.Kind.SEGMENT;
            default -> false;
        };
    }

    private static ByteBuffer bytes(byte[] array) {
        return ByteBuffer.wrap(array).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void compareFpu() {
        ByteBuffer theirs = bytes(host.fpu);
        ByteBuffer ours = bytes(guest.fpu);
        check("fcw", theirs.getShort(0), ours.getShort(0));
        int statusMask = ~X87.undefinedStatus(insn, theirs.getShort(2));
        check("fsw", theirs.getShort(2) & statusMask, ours.getShort(2) & statusMask);
        check("ftw", theirs.get(4), ours.get(4));
        check("mxcsr", theirs.getInt(MXCSR), ours.getInt(MXCSR));
        for (int i = 0; i < 8; i++) {
            int at = ST + 16 * i;
            if (!X87.isClose(insn, theirs, ours, at)) {
                check("st" + i + " significand", theirs.getLong(at), ours.getLong(at));
                check("st" + i + " exponent", theirs.getShort(at + 8) & 0xFFFF, ours.getShort(at + 8) & 0xFFFF);
            }
        }
        int end = insn.mode == 64 ? XMM_END : XMM + 128;
        for (int at = XMM; at < end; at += 8) {
            boolean open = intel && IntelWays.isOneOfMany(insn, theirs.getLong(at), ours.getLong(at));
            if (!open && !Approximations.isClose(insn, theirs.getLong(at), ours.getLong(at))) {
                check("xmm%d.%d".formatted((at - XMM) / 16, at / 8 & 1), theirs.getLong(at), ours.getLong(at));
            }
        }
    }

    private void compareMemory() {
        byte[] theirs = host.memory.clone();
        byte[] ours = guest.memory.clone();
        maskSavedState(theirs, ours);
        if (intel && host.vector == PAGE_FAULT) {
            // The part of an operand in the page that is there may have been stored.
            mask(theirs, ours, 0, LARGEST_OPERAND);
        }
        for (int i = 0; i < theirs.length; i++) {
            if (theirs[i] != ours[i]) {
                differences.add("memory[%x]: host %02x, guest %02x (before %02x)"
                        .formatted(HostCpu.WINDOW + i, theirs[i], ours[i], before.memory[i]));
            }
        }
    }

    /// Where an x87 instruction last stood, the mask of MXCSR and which of its other components are in use are the
    /// host's own.
    private void maskSavedState(byte[] theirs, byte[] ours) {
        switch (insn.op) {
            case FXSAVE, XSAVE, XSAVEC, XSAVEOPT -> {
                mask(theirs, ours, FOP_TO_FDP, MXCSR);
                mask(theirs, ours, MXCSR_MASK, ST);
                if (isXsave()) {
                    mask(theirs, ours, XSTATE_BV + 1, XCOMP_BV);
                    mask(theirs, ours, XCOMP_BV + 1, XCOMP_BV + 7);
                }
            }
            case PUSH -> {
                if (insn.operands[0].kind() == Operand.Kind.SEGMENT) {
                    // Intel writes 16 bits, AMD zero-extends to the operand size.
                    maskAt(guest.gpr[4], theirs, ours, 2, insn.operandSize);
                }
            }
            case FNSTENV, FNSAVE -> mask(theirs, ours, insn.operandSize == 2 ? 6 : 12, insn.operandSize == 2 ? 14 : 28);
            default -> {}
        }
    }

    private void mask(byte[] theirs, byte[] ours, int from, int to) {
        maskAt(Addresses.memoryOperand(insn, before), theirs, ours, from, to);
    }

    private static void maskAt(long linear, byte[] theirs, byte[] ours, int from, int to) {
        long address = linear - HostCpu.WINDOW;
        for (int i = from; i < to; i++) {
            if (address + i >= 0 && address + i < theirs.length) {
                theirs[(int) address + i] = 0;
                ours[(int) address + i] = 0;
            }
        }
    }
}
