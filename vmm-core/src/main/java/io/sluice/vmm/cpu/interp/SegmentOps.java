package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.isa.Operand;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.GuestFault;
import org.jspecify.annotations.Nullable;

/// Segment registers, descriptor tables, and the instructions that look at descriptors.
final class SegmentOps {
    private SegmentOps() {}

    static @Nullable MicroOp create(Insn insn) {
        return switch (insn.op) {
            case MOV -> move(insn);
            case LES -> loadFar(insn, Insn.ES);
            case LDS -> loadFar(insn, Insn.DS);
            case LSS -> loadFar(insn, Insn.SS);
            case LFS -> loadFar(insn, Insn.FS);
            case LGS -> loadFar(insn, Insn.GS);
            case LGDT, LIDT -> loadTable(insn);
            case SGDT, SIDT -> storeTable(insn);
            case LLDT, LTR -> loadSystem(insn);
            case SLDT -> storeSelector(insn, core -> core.state.ldtr.selector);
            case STR -> storeSelector(insn, core -> core.state.tr.selector);
            case SMSW -> storeSelector(insn, core -> core.state.cr0);
            case LAR, LSL -> inspect(insn);
            case VERR, VERW -> verify(insn);
            case ARPL -> adjustPrivilege(insn);
            case RDFSBASE, RDGSBASE -> readBase(insn);
            case WRFSBASE, WRGSBASE -> writeBase(insn);
            case SWAPGS -> swapGs();
            default -> null;
        };
    }

    private static @Nullable MicroOp move(Insn insn) {
        var target = insn.operand(0);
        var source = insn.operand(1);
        if (source.kind() == Operand.Kind.SEGMENT) {
            var to = Location.of(insn, 0);
            int number = source.number();
            return Cold.of(core -> to.set(core, core.state.segments[number].selector));
        }
        if (target.kind() != Operand.Kind.SEGMENT) {
            return null;
        }
        var from = Location.of(insn, source, 2);
        int number = target.number();
        if (number == Insn.CS) {
            return Cold.of(core -> {
                throw GuestFault.ud();
            });
        }
        return Cold.ending((core, next) -> {
            Descriptors.load(core, number, (int) from.get(core));
            if (number == Insn.SS) {
                core.castShadow(true);
            }
        });
    }

    private static MicroOp loadFar(Insn insn, int number) {
        int register = insn.operand(0).number();
        int size = insn.operand(0).size();
        var address = new Address(insn);
        long mask = Location.mask(insn.addressSize);
        return Cold.ending((core, next) -> {
            long at = address.offset(core);
            long offset = core.load(address.segment, at, size);
            int selector = core.load16(address.segment, at + size & mask);
            Descriptors.load(core, number, selector);
            core.setRegister(register, size, offset);
        });
    }

    private static MicroOp loadTable(Insn insn) {
        var address = new Address(insn);
        boolean gdt = insn.op == Op.LGDT;
        int baseSize = insn.mode == 64 ? 8 : 4;
        long baseMask = insn.mode == 64 ? -1L : insn.operandSize == 2 ? 0xFF_FFFFL : 0xFFFF_FFFFL;
        long mask = Location.mask(insn.addressSize);
        return Cold.ending((core, next) -> {
            core.requireCpl0();
            long at = address.offset(core);
            int limit = core.load16(address.segment, at);
            long base = core.load(address.segment, at + 2 & mask, baseSize) & baseMask;
            if (core.is64() && base >> 47 != base >> 63) {
                throw GuestFault.gp0();
            }
            if (gdt) {
                core.state.gdtBase = base;
                core.state.gdtLimit = limit;
            } else {
                core.state.idtBase = base;
                core.state.idtLimit = limit;
            }
        });
    }

    private static void checkUmip(Core core) {
        if ((core.state.cr4 & ControlRegisters.UMIP) != 0 && core.state.cpl != 0) {
            throw GuestFault.gp0();
        }
    }

    private static MicroOp storeTable(Insn insn) {
        var address = new Address(insn);
        boolean gdt = insn.op == Op.SGDT;
        int baseSize = insn.mode == 64 ? 8 : 4;
        long mask = Location.mask(insn.addressSize);
        return Cold.of(core -> {
            checkUmip(core);
            var s = core.state;
            long at = address.offset(core);
            core.checkStore(address.segment, at, 2 + baseSize);
            core.store16(address.segment, at, gdt ? s.gdtLimit : s.idtLimit);
            core.store(address.segment, at + 2 & mask, baseSize, gdt ? s.gdtBase : s.idtBase);
        });
    }

    private static void requireProtected(Core core) {
        if (core.realSegments()) {
            throw GuestFault.ud();
        }
    }

    private static MicroOp loadSystem(Insn insn) {
        var source = Location.of(insn, 0);
        boolean task = insn.op == Op.LTR;
        return Cold.of(core -> {
            requireProtected(core);
            core.requireCpl0();
            int selector = (int) source.get(core);
            if (task) {
                Descriptors.loadTask(core, selector);
            } else {
                Descriptors.loadLdt(core, selector);
            }
        });
    }

    private interface Source {
        long get(Core core);
    }

    private static MicroOp storeSelector(Insn insn, Source source) {
        var target = Location.of(insn, 0);
        boolean status = insn.op == Op.SMSW;
        return Cold.of(core -> {
            if (!status) {
                requireProtected(core);
            }
            checkUmip(core);
            target.set(core, source.get(core));
        });
    }

    // ---- LAR, LSL, VERR, VERW, ARPL

    private static MicroOp inspect(Insn insn) {
        var target = Location.of(insn, 0);
        var source = Location.of(insn, insn.operand(1), 2);
        boolean rights = insn.op == Op.LAR;
        return Cold.of(core -> {
            requireProtected(core);
            int selector = (int) source.get(core);
            long descriptor = visible(core, selector, rights);
            if (descriptor == 0) {
                Flags.setZero(core.state, false);
                return;
            }
            target.set(core, rights ? descriptor >>> 32 & 0xF0_FF00L : Descriptors.limit(descriptor));
            Flags.setZero(core.state, true);
        });
    }

    /// The descriptor, if the program may look at it; else 0.
    private static long visible(Core core, int selector, boolean rights) {
        if (Descriptors.isNull(selector)) {
            return 0;
        }
        long at = Descriptors.entry(core, selector, 8);
        if (at == -1) {
            return 0;
        }
        long descriptor = core.mmu.systemLoad(at, 8);
        boolean conforming = Descriptors.isCode(descriptor) && Descriptors.isConforming(descriptor);
        int dpl = Descriptors.dpl(descriptor);
        if (!conforming && (core.state.cpl > dpl || (selector & 3) > dpl)) {
            return 0;
        }
        if (!Descriptors.isCodeOrData(descriptor)) {
            boolean known = switch (Descriptors.type(descriptor)) {
                case Descriptors.TYPE_TSS16, Descriptors.TYPE_TSS16_BUSY -> !core.state.inLongMode();
                case Descriptors.TYPE_LDT, Descriptors.TYPE_TSS, Descriptors.TYPE_TSS_BUSY -> true;
                case Descriptors.TYPE_CALL_GATE16, Descriptors.TYPE_TASK_GATE -> rights && !core.state.inLongMode();
                case Descriptors.TYPE_CALL_GATE -> rights;
                default -> false;
            };
            return known ? descriptor : 0;
        }
        return descriptor;
    }

    private static MicroOp verify(Insn insn) {
        var source = Location.of(insn, insn.operand(0), 2);
        boolean write = insn.op == Op.VERW;
        return Cold.of(core -> {
            requireProtected(core);
            long descriptor = visible(core, (int) source.get(core), false);
            boolean allowed = Descriptors.isCodeOrData(descriptor)
                    && (write
                            ? !Descriptors.isCode(descriptor) && Descriptors.isReadableOrWritable(descriptor)
                            : !Descriptors.isCode(descriptor) || Descriptors.isReadableOrWritable(descriptor));
            Flags.setZero(core.state, descriptor != 0 && allowed);
        });
    }

    private static MicroOp adjustPrivilege(Insn insn) {
        var target = Location.of(insn, 0);
        var source = Location.of(insn, 1);
        Location.Update update = (core, old) -> {
            int rpl = (int) source.get(core) & 3;
            boolean raise = (old & 3) < rpl;
            Flags.setZero(core.state, raise);
            return raise ? old & ~3L | rpl : old;
        };
        return Cold.of(core -> {
            requireProtected(core);
            target.update(core, update);
        });
    }

    // ---- FS and GS base

    private static void requireFsGsBase(Core core) {
        if ((core.state.cr4 & ControlRegisters.FSGSBASE) == 0) {
            throw GuestFault.ud();
        }
    }

    private static MicroOp readBase(Insn insn) {
        var target = Location.of(insn, 0);
        int number = insn.op == Op.RDFSBASE ? Insn.FS : Insn.GS;
        return Cold.of(core -> {
            requireFsGsBase(core);
            target.set(core, core.state.segments[number].base);
        });
    }

    private static MicroOp writeBase(Insn insn) {
        var source = Location.of(insn, 0);
        int number = insn.op == Op.WRFSBASE ? Insn.FS : Insn.GS;
        return Cold.of(core -> {
            requireFsGsBase(core);
            long base = source.get(core);
            if (base >> 47 != base >> 63) {
                throw GuestFault.gp0();
            }
            core.state.segments[number].base = base;
        });
    }

    private static MicroOp swapGs() {
        return Cold.of(core -> {
            core.requireCpl0();
            CpuState s = core.state;
            long base = s.segments[Insn.GS].base;
            s.segments[Insn.GS].base = s.msrs.kernelGsBase;
            s.msrs.kernelGsBase = base;
        });
    }
}
