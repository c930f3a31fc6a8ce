package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.GuestFault;

/// IRET in every mode (SDM volume 2).
final class InterruptReturn {
    private InterruptReturn() {}

    static void run(Core core, int operandSize) {
        var s = core.state;
        // NMIs come through again even if the instruction faults.
        core.nmiBlocked = false;
        core.lookForInterrupts();
        if (!s.inProtectedMode()) {
            real(core, operandSize);
        } else if (s.inVirtual8086Mode()) {
            if (s.iopl() < 3) {
                throw GuestFault.gp0();
            }
            real(core, operandSize);
        } else if (s.flag(CpuState.NT)) {
            if (s.inLongMode()) {
                throw GuestFault.gp0();
            }
            TaskSwitch.back(core);
        } else {
            protectedReturn(core, operandSize);
        }
        core.flagsChanged();
    }

    private static void real(Core core, int size) {
        var s = core.state;
        long ip = core.peek(0, size);
        int selector = (int) core.peek(size, size) & 0xFFFF;
        int flags = (int) core.peek(2 * size, size);
        if (ip > 0xFFFF) {
            throw GuestFault.gp0();
        }
        boolean virtual = s.inVirtual8086Mode();
        int mask = FarTransfer.writableFlags(s, size) | CpuState.RF;
        if (virtual) {
            mask = mask & ~CpuState.IOPL | CpuState.IF;
        }
        if (size == 2) {
            mask &= 0xFFFF;
        }
        core.drop(3L * size);
        Descriptors.fillReal(core, Insn.CS, selector);
        s.rip = ip;
        s.setFlags(s.flags() & ~mask | flags & mask);
        core.updateMode();
    }

    private static void protectedReturn(Core core, int size) {
        var s = core.state;
        long ip = core.peek(0, size);
        int selector = (int) core.peek(size, size) & 0xFFFF;
        int flags = (int) core.peek(2 * size, size);
        if ((flags & CpuState.VM) != 0 && s.cpl == 0 && size == 4 && !s.inLongMode()) {
            toVirtual8086(core, ip, selector, flags);
            return;
        }
        if (Descriptors.isNull(selector)) {
            throw GuestFault.gp0();
        }
        long code = Descriptors.read(core, selector, GuestFault.GP);
        FarTransfer.checkReturnTarget(core, selector, code);
        int mask = FarTransfer.writableFlags(s, size);
        if (size > 2) {
            mask |= CpuState.RF;
            if (s.cpl == 0) {
                mask |= CpuState.VIF | CpuState.VIP;
            }
        }
        int rpl = selector & 3;
        // In 64-bit mode the stack comes back always.
        if (rpl != s.cpl || core.is64()) {
            long sp = core.peek(3 * size, size);
            int ss = (int) core.peek(4 * size, size) & 0xFFFF;
            FarTransfer.checkOffset(core, code, ip);
            FarTransfer.outward(core, selector, code, ip, ss, sp);
        } else {
            FarTransfer.checkOffset(core, code, ip);
            code = Descriptors.markAccessed(core, selector, code);
            core.drop(3L * size);
            Descriptors.loadCode(core, selector, code, rpl);
            s.rip = ip;
        }
        s.setFlags(s.flags() & ~mask | flags & mask);
    }

    private static void toVirtual8086(Core core, long ip, int cs, int flags) {
        var s = core.state;
        if (ip > 0xFFFF) {
            throw GuestFault.gp0();
        }
        long sp = core.peek(12, 4);
        var selectors = new int[6];
        selectors[Insn.SS] = (int) core.peek(16, 4) & 0xFFFF;
        selectors[Insn.ES] = (int) core.peek(20, 4) & 0xFFFF;
        selectors[Insn.DS] = (int) core.peek(24, 4) & 0xFFFF;
        selectors[Insn.FS] = (int) core.peek(28, 4) & 0xFFFF;
        selectors[Insn.GS] = (int) core.peek(32, 4) & 0xFFFF;
        selectors[Insn.CS] = cs;
        s.setFlags(flags);
        s.cpl = 3;
        for (int number = 0; number < 6; number++) {
            Descriptors.fillReal(core, number, selectors[number]);
        }
        s.rip = ip;
        core.gpr[4] = sp;
        core.updateMode();
    }
}
