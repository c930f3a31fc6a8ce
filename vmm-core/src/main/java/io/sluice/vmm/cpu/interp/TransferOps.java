package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Operand;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.GuestFault;
import org.jspecify.annotations.Nullable;

/// Far transfers, software interrupts, IRET, and the fast system calls.
final class TransferOps {
    private TransferOps() {}

    static @Nullable MicroOp create(Insn insn) {
        return switch (insn.op) {
            case JMP_FAR, CALL_FAR -> far(insn);
            case RET_FAR -> {
                int release = insn.operands.length > 0 ? (int) insn.imm & 0xFFFF : 0;
                yield Cold.ending((core, next) -> FarTransfer.ret(core, insn.operandSize, release));
            }
            case INT -> {
                int vector = (int) insn.imm & 0xFF;
                yield Cold.ending((core, next) -> {
                    if (core.state.inVirtual8086Mode() && core.state.iopl() < 3) {
                        throw GuestFault.gp0();
                    }
                    interrupt(core, vector);
                });
            }
            case INT3 -> software(GuestFault.BP);
            case INT1 ->
                Cold.ending((core, next) -> {
                    Interrupts.deliver(
                            core,
                            GuestFault.DB,
                            Interrupts.Source.PRIVILEGED_SOFTWARE,
                            GuestFault.NO_CODE,
                            core.state.flags());
                    core.state.dr[7] &= ~ControlRegisters.DR7_GD;
                });
            case INTO ->
                Cold.ending((core, next) -> {
                    if (core.state.of()) {
                        interrupt(core, GuestFault.OF);
                    }
                });
            case IRET -> Cold.ending((core, next) -> InterruptReturn.run(core, insn.operandSize));
            case SYSCALL -> Cold.ending((core, next) -> systemCall(core, next));
            case SYSRET -> Cold.ending((core, next) -> systemReturn(core, insn.operandSize));
            case SYSENTER -> Cold.ending((core, next) -> systemEnter(core));
            case SYSEXIT -> Cold.ending((core, next) -> systemExit(core, insn.operandSize));
            default -> null;
        };
    }

    private static MicroOp far(Insn insn) {
        int size = insn.operandSize;
        boolean call = insn.op == io.sluice.vmm.cpu.isa.Op.CALL_FAR;
        if (insn.operand(0).kind() == Operand.Kind.FAR) {
            int selector = (int) insn.imm2 & 0xFFFF;
            long offset = insn.imm & Location.mask(size);
            return Cold.ending((core, next) -> transfer(core, call, selector, offset, size, next));
        }
        var address = new Address(insn);
        long mask = Location.mask(insn.addressSize);
        return Cold.ending((core, next) -> {
            long at = address.offset(core);
            long offset = core.load(address.segment, at, size);
            int selector = core.load16(address.segment, at + size & mask);
            transfer(core, call, selector, offset, size, next);
        });
    }

    private static void transfer(Core core, boolean call, int selector, long offset, int size, long next) {
        if (call) {
            FarTransfer.call(core, selector, offset, size, next);
        } else {
            FarTransfer.jump(core, selector, offset, size);
        }
    }

    private static MicroOp software(int vector) {
        return Cold.ending((core, next) -> interrupt(core, vector));
    }

    private static void interrupt(Core core, int vector) {
        Interrupts.deliver(core, vector, Interrupts.Source.SOFTWARE, GuestFault.NO_CODE, core.state.flags());
    }

    // ---- SYSCALL and SYSRET (SDM volume 2)

    private static void systemCall(Core core, long next) {
        var s = core.state;
        if ((s.efer & ControlRegisters.SCE) == 0 || !core.is64()) {
            throw GuestFault.ud();
        }
        core.gpr[1] = next;
        core.gpr[11] = s.flags() & ~CpuState.RF;
        s.setFlags(s.flags() & ~((int) s.msrs.fmask | CpuState.RF));
        int selector = (int) (s.msrs.star >>> 32) & 0xFFFC;
        s.cpl = 0;
        flatCode(core, selector, true);
        flatStack(core, selector + 8);
        s.rip = s.msrs.lstar;
        core.trap = Core.Trap.BY_NEW_FLAGS;
        core.updateMode();
        core.flagsChanged();
    }

    private static void systemReturn(Core core, int operandSize) {
        var s = core.state;
        if ((s.efer & ControlRegisters.SCE) == 0 || !core.is64()) {
            throw GuestFault.ud();
        }
        core.requireCpl0();
        long target = operandSize == 8 ? core.gpr[1] : core.gpr[1] & 0xFFFF_FFFFL;
        if (target >> 47 != target >> 63) {
            throw GuestFault.gp0();
        }
        int selector = (int) (s.msrs.star >>> 48);
        s.cpl = 3;
        flatCode(core, (operandSize == 8 ? selector + 16 : selector) | 3, operandSize == 8);
        flatStack(core, selector + 8 | 3);
        int keep = CpuState.VM | CpuState.RF;
        s.setFlags((int) core.gpr[11] & ~keep);
        core.trap = Core.Trap.BY_NEW_FLAGS;
        s.rip = target;
        core.updateMode();
        core.flagsChanged();
    }

    private static void systemEnter(Core core) {
        var s = core.state;
        int selector = (int) s.msrs.sysenterCs & 0xFFFC;
        if (!s.inProtectedMode() || selector == 0) {
            throw GuestFault.gp0();
        }
        s.systemFlags &= ~(CpuState.VM | CpuState.IF | CpuState.RF);
        boolean wide = s.inLongMode();
        s.cpl = 0;
        flatCode(core, selector, wide);
        flatStack(core, selector + 8);
        core.gpr[4] = wide ? s.msrs.sysenterEsp : s.msrs.sysenterEsp & 0xFFFF_FFFFL;
        s.rip = wide ? s.msrs.sysenterEip : s.msrs.sysenterEip & 0xFFFF_FFFFL;
        core.updateMode();
        core.flagsChanged();
    }

    private static void systemExit(Core core, int operandSize) {
        var s = core.state;
        int selector = (int) s.msrs.sysenterCs & 0xFFFC;
        if (!s.inProtectedMode() || selector == 0) {
            throw GuestFault.gp0();
        }
        core.requireCpl0();
        boolean wide = operandSize == 8;
        long target = wide ? core.gpr[2] : core.gpr[2] & 0xFFFF_FFFFL;
        long stack = wide ? core.gpr[1] : core.gpr[1] & 0xFFFF_FFFFL;
        if (target >> 47 != target >> 63 || stack >> 47 != stack >> 63) {
            throw GuestFault.gp0();
        }
        s.cpl = 3;
        flatCode(core, (wide ? selector + 32 : selector + 16) | 3, wide);
        flatStack(core, (wide ? selector + 40 : selector + 24) | 3);
        core.gpr[4] = stack;
        s.rip = target;
        core.updateMode();
        core.flagsChanged();
    }

    /// A flat 4 GiB code segment at the current privilege level, as the fast calls load it without a descriptor.
    private static void flatCode(Core core, int selector, boolean wide) {
        var cs = core.state.segments[Insn.CS];
        cs.selector = selector & 0xFFFF;
        cs.base = 0;
        cs.limit = 0xFFFF_FFFFL;
        // Present, code, readable, accessed, granular; L or D.
        cs.access = 0x809B | core.state.cpl << 5 | (wide ? 0x2000 : 0x4000);
        cs.usable = true;
    }

    private static void flatStack(Core core, int selector) {
        var ss = core.state.segments[Insn.SS];
        ss.selector = selector & 0xFFFF;
        ss.base = 0;
        ss.limit = 0xFFFF_FFFFL;
        ss.access = 0xC093 | core.state.cpl << 5;
        ss.usable = true;
    }
}
