package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.isa.Operand;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.Cpuid;
import io.sluice.vmm.cpu.state.GuestFault;
import org.jspecify.annotations.Nullable;

/// Control and debug registers, MSRs, CPUID, time, TLB and cache control, interrupts on and off, HLT, no-ops.
final class SystemOps {
    private SystemOps() {}

    static @Nullable MicroOp create(Insn insn) {
        return switch (insn.op) {
            case MOV -> move(insn);
            case CLTS ->
                Cold.of(core -> {
                    core.requireCpl0();
                    core.state.cr0 &= ~ControlRegisters.TS;
                });
            case LMSW -> {
                var source = Location.of(insn, insn.operand(0), 2);
                yield Cold.ending((core, next) -> {
                    core.requireCpl0();
                    ControlRegisters.loadMachineStatus(core, (int) source.get(core));
                });
            }
            case RDMSR -> Cold.of(SystemOps::readMsr);
            case WRMSR -> Cold.ending((core, next) -> writeMsr(core));
            case CPUID -> cpuid();
            case RDTSC, RDTSCP -> timeStamp(insn.op == Op.RDTSCP);
            case RDPID -> {
                var target = Location.of(insn, 0);
                yield Cold.of(core -> target.set(core, core.state.msrs.tscAux));
            }
            case RDPMC -> Cold.of(SystemOps::readCounter);
            case INVLPG -> invalidatePage(insn);
            case INVPCID -> Invpcid.create(insn);
            case WBINVD, INVD -> Cold.of(Core::requireCpl0);
            case CLFLUSH, CLFLUSHOPT, CLWB -> touch(insn);
            case CLAC, STAC -> accessControl(insn.op == Op.STAC);
            case CLI ->
                Cold.of(core -> {
                    checkIopl(core);
                    core.state.systemFlags &= ~CpuState.IF;
                });
            case STI -> Cold.ending((core, next) -> setInterruptFlag(core));
            case HLT ->
                Cold.ending((core, next) -> {
                    core.requireCpl0();
                    core.halted = true;
                    core.lookForInterrupts();
                });
            case NOP,
                    PAUSE,
                    PREFETCH,
                    PREFETCHW,
                    PREFETCHNTA,
                    PREFETCHT0,
                    PREFETCHT1,
                    PREFETCHT2,
                    ENDBR32,
                    ENDBR64,
                    LFENCE,
                    MFENCE,
                    SFENCE -> Cold.of(core -> {});
            case UD0, UD1, UD2, RSM, MONITOR, MWAIT -> undefined();
            default -> null;
        };
    }

    static MicroOp undefined() {
        return Cold.of(core -> {
            throw GuestFault.ud();
        });
    }

    private static @Nullable MicroOp move(Insn insn) {
        var target = insn.operand(0);
        var source = insn.operand(1);
        if (source.kind() == Operand.Kind.CONTROL) {
            var to = Location.of(insn, 0);
            int number = source.number();
            return Cold.of(core -> {
                checkControlNumber(number);
                core.requireCpl0();
                to.set(core, readControl(core, number));
            });
        }
        if (source.kind() == Operand.Kind.DEBUG) {
            var to = Location.of(insn, 0);
            int number = source.number();
            return Cold.of(core -> {
                checkDebugNumber(number);
                core.requireCpl0();
                to.set(core, ControlRegisters.readDebug(core, number));
            });
        }
        if (target.kind() == Operand.Kind.CONTROL) {
            var from = Location.of(insn, 1);
            int number = target.number();
            return Cold.ending((core, next) -> {
                checkControlNumber(number);
                core.requireCpl0();
                writeControl(core, number, from.get(core));
            });
        }
        if (target.kind() == Operand.Kind.DEBUG) {
            var from = Location.of(insn, 1);
            int number = target.number();
            return Cold.ending((core, next) -> {
                checkDebugNumber(number);
                core.requireCpl0();
                ControlRegisters.writeDebug(core, number, from.get(core));
            });
        }
        return null;
    }

    private static void checkControlNumber(int number) {
        if (number == 1 || number > 4 && number != 8) {
            throw GuestFault.ud();
        }
    }

    private static void checkDebugNumber(int number) {
        if (number > 7) {
            throw GuestFault.ud();
        }
    }

    private static long readControl(Core core, int number) {
        var s = core.state;
        return switch (number) {
            case 0 -> s.cr0;
            case 2 -> s.cr2;
            case 3 -> s.cr3;
            case 4 -> s.cr4;
            case 8 -> core.ports.interrupts().taskPriority();
            default -> throw GuestFault.ud();
        };
    }

    private static void writeControl(Core core, int number, long value) {
        switch (number) {
            case 0 -> ControlRegisters.writeCr0(core, value);
            case 2 -> core.state.cr2 = value;
            case 3 -> ControlRegisters.writeCr3(core, value);
            case 4 -> ControlRegisters.writeCr4(core, value);
            case 8 -> ControlRegisters.writeCr8(core, value);
            default -> throw GuestFault.ud();
        }
    }

    private static void readMsr(Core core) {
        core.requireCpl0();
        long value;
        try {
            value = MsrAccess.read(core, (int) core.gpr[1]);
        } catch (GuestFault fault) {
            core.told.refusedMsr(false, (int) core.gpr[1], 0);
            throw fault;
        }
        core.gpr[0] = value & 0xFFFF_FFFFL;
        core.gpr[2] = value >>> 32;
    }

    private static void writeMsr(Core core) {
        core.requireCpl0();
        long value = core.gpr[2] << 32 | core.gpr[0] & 0xFFFF_FFFFL;
        try {
            MsrAccess.write(core, (int) core.gpr[1], value);
        } catch (GuestFault fault) {
            core.told.refusedMsr(true, (int) core.gpr[1], value);
            throw fault;
        }
    }

    private static MicroOp cpuid() {
        return Cold.of(core -> {
            Cpuid answer = core.cpuid;
            answer.read(core.state, (int) core.gpr[0], (int) core.gpr[1]);
            core.gpr[0] = answer.eax & 0xFFFF_FFFFL;
            core.gpr[3] = answer.ebx & 0xFFFF_FFFFL;
            core.gpr[1] = answer.ecx & 0xFFFF_FFFFL;
            core.gpr[2] = answer.edx & 0xFFFF_FFFFL;
        });
    }

    private static MicroOp timeStamp(boolean withProcessor) {
        return Cold.of(core -> {
            if ((core.state.cr4 & ControlRegisters.TSD) != 0 && core.state.cpl != 0) {
                throw GuestFault.gp0();
            }
            long now = core.timeStamp();
            core.gpr[0] = now & 0xFFFF_FFFFL;
            core.gpr[2] = now >>> 32;
            if (withProcessor) {
                core.gpr[1] = core.state.msrs.tscAux & 0xFFFF_FFFFL;
            }
        });
    }

    /// There are no counters: every number is #GP, after the privilege check, which gives the same.
    private static void readCounter(Core core) {
        throw GuestFault.gp0();
    }

    private static MicroOp invalidatePage(Insn insn) {
        var address = new Address(insn);
        return Cold.ending((core, next) -> {
            core.requireCpl0();
            long at = core.linear(address.segment, address.offset(core));
            if (at >> 47 == at >> 63) {
                core.mmu.flushPage(at);
            }
        });
    }

    /// Cache control: the address is translated as for a read.
    private static MicroOp touch(Insn insn) {
        var address = new Address(insn);
        return Cold.of(core -> core.checkLoad(address.segment, address.offset(core), 1));
    }

    private static MicroOp accessControl(boolean allow) {
        return Cold.of(core -> {
            if (core.state.cpl != 0) {
                throw GuestFault.ud();
            }
            if (allow) {
                core.state.systemFlags |= CpuState.AC;
            } else {
                core.state.systemFlags &= ~CpuState.AC;
            }
            core.mmu.updateRights();
        });
    }

    private static void checkIopl(Core core) {
        var s = core.state;
        if (s.inProtectedMode() && s.cpl > s.iopl() || s.inVirtual8086Mode() && s.iopl() < 3) {
            throw GuestFault.gp0();
        }
    }

    private static void setInterruptFlag(Core core) {
        checkIopl(core);
        if (!core.state.flag(CpuState.IF)) {
            core.state.systemFlags |= CpuState.IF;
            core.castShadow(false);
            core.lookForInterrupts();
        }
    }
}
