package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.GuestFault;

/// Far JMP, CALL and RET in every mode (SDM volume 2; volume 3, section 5.8). `next` is the offset behind the
/// instruction. Each either completes or throws with nothing changed but accessed bits.
final class FarTransfer {
    private FarTransfer() {}

    static void jump(Core core, int selector, long offset, int operandSize) {
        if (core.realSegments()) {
            realTransfer(core, selector, offset);
            return;
        }
        requireSelector(selector);
        long descriptor = Descriptors.read(core, selector, GuestFault.GP);
        if (Descriptors.isCodeOrData(descriptor)) {
            checkDirect(core, selector, descriptor);
            enterCode(core, selector, descriptor, core.state.cpl, target(core, descriptor, offset, operandSize));
            return;
        }
        int type = Descriptors.type(descriptor);
        if (type == Descriptors.TYPE_CALL_GATE || type == Descriptors.TYPE_CALL_GATE16 && !core.state.inLongMode()) {
            var gate = CallGate.read(core, selector, descriptor);
            long code = Descriptors.read(core, gate.selector(), GuestFault.GP);
            checkGateTarget(core, gate.selector(), code);
            boolean inward = !Descriptors.isConforming(code) && Descriptors.dpl(code) < core.state.cpl;
            if (inward) {
                throw GuestFault.gp(gate.selector() & 0xFFFC);
            }
            enterCode(core, gate.selector(), code, core.state.cpl, gate.offset());
            return;
        }
        TaskSwitch.throughSelector(core, selector, descriptor, TaskSwitch.Cause.JUMP);
    }

    static void call(Core core, int selector, long offset, int operandSize, long next) {
        if (core.realSegments()) {
            realCall(core, selector, offset, operandSize, next);
            return;
        }
        requireSelector(selector);
        long descriptor = Descriptors.read(core, selector, GuestFault.GP);
        if (Descriptors.isCodeOrData(descriptor)) {
            checkDirect(core, selector, descriptor);
            long target = target(core, descriptor, offset, operandSize);
            checkOffset(core, descriptor, target);
            pushReturn(core, operandSize, next);
            enterCode(core, selector, descriptor, core.state.cpl, target);
            return;
        }
        int type = Descriptors.type(descriptor);
        if (type == Descriptors.TYPE_CALL_GATE || type == Descriptors.TYPE_CALL_GATE16 && !core.state.inLongMode()) {
            callGate(core, CallGate.read(core, selector, descriptor), next);
            return;
        }
        TaskSwitch.throughSelector(core, selector, descriptor, TaskSwitch.Cause.CALL);
    }

    /// Compatibility mode takes the lower half of an offset.
    private static long target(Core core, long descriptor, long offset, int operandSize) {
        long wide = core.state.inLongMode() && !Descriptors.isLong(descriptor) ? offset & 0xFFFF_FFFFL : offset;
        return operandSize == 2 ? offset & 0xFFFF : wide;
    }

    private static void callGate(Core core, CallGate gate, long next) {
        var s = core.state;
        long code = Descriptors.read(core, gate.selector(), GuestFault.GP);
        checkGateTarget(core, gate.selector(), code);
        int dpl = Descriptors.dpl(code);
        if (Descriptors.isConforming(code) || dpl == s.cpl) {
            checkOffset(core, code, gate.offset());
            var same = new Frame(core, null, gate.size(), s.cpl);
            same.push(s.segments[Insn.CS].selector);
            same.push(next);
            same.store();
            Descriptors.loadCode(core, gate.selector(), code, s.cpl);
            same.commit();
            s.rip = gate.offset();
            return;
        }
        int oldSs = s.segments[Insn.SS].selector;
        long oldSp = core.gpr[4];
        int oldCs = s.segments[Insn.CS].selector;
        var stack = InnerStack.of(core, dpl, 0);
        int parameters = gate.size() == 8 ? 0 : gate.parameters();
        var arguments = new long[parameters];
        for (int i = 0; i < parameters; i++) {
            arguments[i] = core.peek(i * gate.size(), gate.size());
        }
        checkOffset(core, code, gate.offset());
        var frame = new Frame(core, stack, gate.size(), dpl);
        frame.push(oldSs);
        frame.push(oldSp);
        for (int i = parameters - 1; i >= 0; i--) {
            frame.push(arguments[i]);
        }
        frame.push(oldCs);
        frame.push(next);
        frame.store();
        Descriptors.loadCode(core, gate.selector(), code, dpl);
        frame.commit();
        s.rip = gate.offset();
    }

    static void ret(Core core, int operandSize, int release) {
        long ip = core.peek(0, operandSize);
        int selector = (int) core.peek(operandSize, operandSize) & 0xFFFF;
        if (core.realSegments()) {
            checkRealTarget(ip);
            core.drop(2L * operandSize + release);
            Descriptors.fillReal(core, Insn.CS, selector);
            core.state.rip = ip;
            return;
        }
        int rpl = selector & 3;
        var s = core.state;
        if (Descriptors.isNull(selector)) {
            throw GuestFault.gp0();
        }
        long code = Descriptors.read(core, selector, GuestFault.GP);
        checkReturnTarget(core, selector, code);
        if (rpl == s.cpl) {
            checkOffset(core, code, ip);
            code = Descriptors.markAccessed(core, selector, code);
            core.drop(2L * operandSize + release);
            Descriptors.loadCode(core, selector, code, rpl);
            s.rip = ip;
            return;
        }
        long newSp = core.peek(2 * operandSize + release, operandSize);
        int newSs = (int) core.peek(3 * operandSize + release, operandSize) & 0xFFFF;
        checkOffset(core, code, ip);
        outward(core, selector, code, ip, newSs, newSp);
        core.drop(release);
    }

    /// Returns to an outer privilege level: code and stack segment together, then data segments that the outer level
    /// may not keep.
    static void outward(Core core, int selector, long code, long ip, int newSs, long newSp) {
        var s = core.state;
        int rpl = selector & 3;
        boolean toLong = s.inLongMode() && Descriptors.isLong(code);
        boolean nullStack = Descriptors.isNull(newSs);
        if (nullStack && (!toLong || rpl == 3 || (newSs & 3) != rpl)) {
            throw GuestFault.gp0();
        }
        long stack = 0;
        if (!nullStack) {
            stack = Descriptors.checkedStack(core, newSs, rpl, GuestFault.GP);
            stack = Descriptors.markAccessed(core, newSs, stack);
        }
        Descriptors.loadCode(core, selector, code, rpl);
        var ss = s.segments[Insn.SS];
        if (nullStack) {
            ss.selector = newSs;
            ss.usable = false;
            ss.base = 0;
            ss.access = rpl << 5;
        } else {
            Descriptors.fill(ss, newSs, stack);
        }
        core.updateMode();
        s.rip = ip;
        // By the size of the new stack, not of the operands: IRETW to a 64-bit stack sets all of RSP.
        core.setStackPointer(newSp);
        dropDataSegments(core, rpl);
    }

    /// ES, DS, FS, GS that are more privileged than `cpl` become null.
    static void dropDataSegments(Core core, int cpl) {
        for (int number : new int[] {Insn.ES, Insn.DS, Insn.FS, Insn.GS}) {
            var segment = core.state.segments[number];
            boolean conforming = (segment.access & 0x1C) == 0x1C;
            if (segment.usable && segment.dpl() < cpl && !conforming) {
                segment.selector = 0;
                segment.usable = false;
                segment.base = 0;
                segment.access = 0;
            }
        }
    }

    // ---- checks

    private static void requireSelector(int selector) {
        if (Descriptors.isNull(selector)) {
            throw GuestFault.gp0();
        }
    }

    /// A code segment that a far JMP or CALL names itself.
    private static void checkDirect(Core core, int selector, long descriptor) {
        int dpl = Descriptors.dpl(descriptor);
        int cpl = core.state.cpl;
        boolean allowed = Descriptors.isConforming(descriptor) ? dpl <= cpl : (selector & 3) <= cpl && dpl == cpl;
        if (!Descriptors.isCode(descriptor) || !allowed || Descriptors.isBadLongCode(core, descriptor)) {
            throw GuestFault.gp(selector & 0xFFFC);
        }
        requirePresent(selector, descriptor);
    }

    private static void checkGateTarget(Core core, int selector, long code) {
        boolean longOnly = core.state.inLongMode() && (!Descriptors.isLong(code) || Descriptors.isBig(code));
        if (!Descriptors.isCode(code) || Descriptors.dpl(code) > core.state.cpl || longOnly) {
            throw GuestFault.gp(selector & 0xFFFC);
        }
        requirePresent(selector, code);
    }

    /// The code segment that RET or IRET goes back to.
    static void checkReturnTarget(Core core, int selector, long code) {
        int rpl = selector & 3;
        int dpl = Descriptors.dpl(code);
        boolean allowed = Descriptors.isConforming(code) ? dpl <= rpl : dpl == rpl;
        if (!Descriptors.isCode(code) || rpl < core.state.cpl || !allowed || Descriptors.isBadLongCode(core, code)) {
            throw GuestFault.gp(selector & 0xFFFC);
        }
        requirePresent(selector, code);
    }

    private static void requirePresent(int selector, long descriptor) {
        if (!Descriptors.isPresent(descriptor)) {
            throw new GuestFault(GuestFault.NP, selector & 0xFFFC);
        }
    }

    static void checkOffset(Core core, long code, long offset) {
        boolean bad = core.state.inLongMode() && Descriptors.isLong(code)
                ? offset >> 47 != offset >> 63
                : Long.compareUnsigned(offset, Descriptors.limit(code)) > 0;
        if (bad) {
            throw GuestFault.gp0();
        }
    }

    private static void checkRealTarget(long ip) {
        if (ip > 0xFFFF) {
            throw GuestFault.gp0();
        }
    }

    // ---- steps

    private static void enterCode(Core core, int selector, long code, int cpl, long offset) {
        checkOffset(core, code, offset);
        Descriptors.loadCode(core, selector, code, cpl);
        core.state.rip = core.wrapIp(offset);
    }

    private static void pushReturn(Core core, int size, long next) {
        long sp = core.stackPointer();
        long at = core.wrapStack(sp - 2L * size);
        core.store(Insn.SS, core.wrapStack(sp - size), size, core.state.segments[Insn.CS].selector);
        core.store(Insn.SS, at, size, next);
        core.setStackPointer(at);
    }

    private static void realTransfer(Core core, int selector, long offset) {
        checkRealTarget(offset & 0xFFFF_FFFFL);
        Descriptors.fillReal(core, Insn.CS, selector);
        core.state.rip = offset & 0xFFFF;
        core.updateMode();
    }

    private static void realCall(Core core, int selector, long offset, int operandSize, long next) {
        checkRealTarget(offset & 0xFFFF_FFFFL);
        pushReturn(core, operandSize, next);
        realTransfer(core, selector, offset);
    }

    /// Flags that IRET and POPF may change, by privilege.
    static int writableFlags(CpuState s, int operandSize) {
        int mask = CpuState.ARITHMETIC | CpuState.TF | CpuState.DF | CpuState.NT | CpuState.AC | CpuState.ID;
        if (s.cpl == 0) {
            mask |= CpuState.IOPL;
        }
        if (s.cpl <= s.iopl()) {
            mask |= CpuState.IF;
        }
        return operandSize == 2 ? mask & 0xFFFF : mask;
    }
}
