package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.mmu.Mmu;
import io.sluice.vmm.cpu.state.CpuRegister;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.FpuState;
import io.sluice.vmm.cpu.state.GuestFault;
import java.nio.ByteBuffer;

/// A stopped vCPU's registers as a debugger sees them. On the vCPU's thread. Buffers are little-endian.
///
/// A write follows the processor's rules where they keep the state sound (reserved bits, canonical addresses) and is
/// refused otherwise; a segment or control register that has the value already is left alone. Segment registers are
/// loaded with what the
/// descriptor tables hold, without rights being checked and without the accessed bit being set.
public final class RegisterFile {
    /// Numbers of the general registers in gdb's order.
    private static final int[] GENERAL = {0, 3, 1, 2, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15};

    /// CS SS DS ES FS GS.
    private static final int[] SEGMENTS = {Insn.CS, Insn.SS, Insn.DS, Insn.ES, Insn.FS, Insn.GS};

    private final Core core;
    private final CpuState state;
    private final FpuState fpu;

    public RegisterFile(Core core) {
        this.core = core;
        this.state = core.state;
        this.fpu = core.state.fpu;
    }

    /// Appends the value, [CpuRegister#bytes] bytes.
    public void read(CpuRegister register, ByteBuffer to) {
        int n = index(register);
        switch (register.kind()) {
            case GENERAL -> to.putLong(state.gpr[GENERAL[n]]);
            case INSTRUCTION_POINTER -> to.putLong(core.wrapIp(state.rip));
            case FLAGS -> to.putInt(state.flags());
            case SEGMENT -> to.putInt(state.segments[SEGMENTS[n]].selector);
            case X87 -> {
                int physical = X87Stack.top(fpu) + n & 7;
                to.putLong(fpu.significand[physical]).putShort(fpu.signExponent[physical]);
            }
            case X87_CONTROL -> to.putInt(x87Control(register));
            case VECTOR -> to.putLong(fpu.xmm[2 * n]).putLong(fpu.xmm[2 * n + 1]);
            case VECTOR_CONTROL -> to.putInt(fpu.mxcsr);
            case BASE, SYSTEM_BASE -> to.putLong(base(register));
            case CONTROL -> to.putLong(control(register));
        }
    }

    /// Number of the register among those of its kind.
    private static int index(CpuRegister register) {
        int n = 0;
        var all = CpuRegister.values();
        for (int i = register.ordinal() - 1; i >= 0 && all[i].kind() == register.kind(); i--) {
            n++;
        }
        return n;
    }

    private int x87Control(CpuRegister register) {
        return switch (register) {
            case FCTRL -> fpu.fcw;
            case FSTAT -> fpu.fsw;
            case FTAG -> fpu.ftw;
            case FISEG -> fpu.fip >>> 32 == 0 ? fpu.fcs : (int) (fpu.fip >>> 32) & 0xFFFF;
            case FIOFF -> (int) fpu.fip;
            case FOSEG -> fpu.fdp >>> 32 == 0 ? fpu.fds : (int) (fpu.fdp >>> 32) & 0xFFFF;
            case FOOFF -> (int) fpu.fdp;
            default -> fpu.fop;
        };
    }

    private long base(CpuRegister register) {
        return switch (register) {
            case FS_BASE -> state.segments[Insn.FS].base;
            case GS_BASE -> state.segments[Insn.GS].base;
            default -> state.msrs.kernelGsBase;
        };
    }

    private long control(CpuRegister register) {
        return switch (register) {
            case CR0 -> state.cr0;
            case CR2 -> state.cr2;
            case CR3 -> state.cr3;
            case CR4 -> state.cr4;
            case CR8 -> core.ports.interrupts().taskPriority();
            default -> state.efer;
        };
    }

    /// Takes a value of [CpuRegister#bytes] bytes from `from` and sets the register.
    ///
    /// @return `false` if the register may not have that value
    public boolean write(CpuRegister register, ByteBuffer from) {
        int n = index(register);
        return switch (register.kind()) {
            case GENERAL -> {
                state.gpr[GENERAL[n]] = from.getLong();
                yield true;
            }
            case INSTRUCTION_POINTER -> setInstructionPointer(from.getLong());
            case FLAGS -> setFlags(from.getInt());
            case SEGMENT -> setSegment(SEGMENTS[n], from.getInt());
            case X87 -> {
                int physical = X87Stack.top(fpu) + n & 7;
                fpu.significand[physical] = from.getLong();
                fpu.signExponent[physical] = from.getShort();
                yield true;
            }
            case X87_CONTROL -> setX87Control(register, from.getInt());
            case VECTOR -> {
                fpu.xmm[2 * n] = from.getLong();
                fpu.xmm[2 * n + 1] = from.getLong();
                yield true;
            }
            case VECTOR_CONTROL -> setVectorControl(from.getInt());
            case BASE, SYSTEM_BASE -> setBase(register, from.getLong());
            case CONTROL -> setControl(register, from.getLong());
        };
    }

    /// Elsewhere, so a HLT or what was to be held back behind the last instruction is over.
    private boolean setInstructionPointer(long value) {
        if (core.wrapIp(value) != core.wrapIp(state.rip)) {
            if (core.is64() && !Mmu.isCanonical(value)) {
                return false;
            }
            state.rip = core.wrapIp(value);
            core.halted = false;
            core.shadow = false;
            core.pendingTrap = 0;
            core.look = true;
        }
        return true;
    }

    /// VM stays: it is not to be had without segments to match.
    private boolean setFlags(int value) {
        state.setFlags(value & ~CpuState.VM | state.systemFlags & CpuState.VM);
        core.flagsChanged();
        return true;
    }

    private boolean setX87Control(CpuRegister register, int value) {
        switch (register) {
            case FCTRL -> X87Control.setControl(core, value & 0xFFFF);
            case FSTAT -> fpu.fsw = value & 0xFFFF;
            case FTAG -> fpu.ftw = value & 0xFFFF;
            case FISEG -> fpu.fcs = value & 0xFFFF;
            case FIOFF -> fpu.fip = fpu.fip & ~0xFFFF_FFFFL | value & 0xFFFF_FFFFL;
            case FOSEG -> fpu.fds = value & 0xFFFF;
            case FOOFF -> fpu.fdp = fpu.fdp & ~0xFFFF_FFFFL | value & 0xFFFF_FFFFL;
            default -> fpu.fop = value & 0x7FF;
        }
        return true;
    }

    private boolean setVectorControl(int value) {
        if ((value & ~FpuState.MXCSR_MASK) != 0) {
            return false;
        }
        fpu.mxcsr = value;
        return true;
    }

    private boolean setBase(CpuRegister register, long value) {
        if (!Mmu.isCanonical(value)) {
            return false;
        }
        switch (register) {
            case FS_BASE -> state.segments[Insn.FS].base = value;
            case GS_BASE -> state.segments[Insn.GS].base = value;
            default -> state.msrs.kernelGsBase = value;
        }
        return true;
    }

    private boolean setControl(CpuRegister register, long value) {
        if (control(register) == value) {
            return true;
        }
        try {
            switch (register) {
                case CR0 -> ControlRegisters.writeCr0(core, value);
                case CR2 -> state.cr2 = value;
                case CR3 -> ControlRegisters.writeCr3(core, value);
                case CR4 -> ControlRegisters.writeCr4(core, value);
                case CR8 -> ControlRegisters.writeCr8(core, value);
                default -> ControlRegisters.writeEfer(core, value);
            }
        } catch (GuestFault refused) {
            return false;
        }
        return true;
    }

    // ---- segments

    private boolean setSegment(int number, int selector) {
        var segment = state.segments[number];
        if (segment.selector == selector) {
            return true;
        }
        if (selector >>> 16 != 0) {
            return false;
        }
        if (core.realSegments()) {
            Descriptors.fillReal(core, number, selector);
        } else if (!loadSegment(number, selector)) {
            return false;
        }
        core.updateMode();
        core.mmu.flushAll();
        core.look = true;
        return true;
    }

    private boolean loadSegment(int number, int selector) {
        var segment = state.segments[number];
        if ((selector & ~3) == 0) {
            if (number == Insn.CS || number == Insn.SS && !core.is64()) {
                return false;
            }
            Descriptors.fillNull(segment, selector);
            return true;
        }
        long descriptor = descriptor(selector);
        if (!Descriptors.isPresent(descriptor)
                || !Descriptors.isCodeOrData(descriptor)
                || number == Insn.CS && !Descriptors.isCode(descriptor)) {
            return false;
        }
        Descriptors.fill(segment, selector, descriptor);
        return true;
    }

    /// The entry that `selector` names, without a trace; 0 if there is none.
    private long descriptor(int selector) {
        boolean local = (selector & 4) != 0;
        int offset = selector & ~7;
        long limit = local ? state.ldtr.limit : state.gdtLimit;
        if (local && !state.ldtr.usable || offset + 7 > limit) {
            return 0;
        }
        long linear = (local ? state.ldtr.base : state.gdtBase) + offset;
        long descriptor = 0;
        for (int i = 0; i < 8; i++) {
            long gpa = core.mmu.probe(linear + i);
            if (gpa == -1 || core.memory.find(gpa).asRam() == null) {
                return 0;
            }
            descriptor |= core.memory.read(gpa, 1) << 8 * i;
        }
        return descriptor;
    }
}
