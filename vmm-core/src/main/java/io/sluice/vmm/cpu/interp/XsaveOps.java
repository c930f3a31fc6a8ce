package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.state.GuestFault;
import io.sluice.vmm.cpu.state.XState;
import org.jspecify.annotations.Nullable;

/// FXSAVE, the XSAVE family, XCR0 and MXCSR (SDM volume 1, chapter 13).
final class XsaveOps {
    private static final long COMPACTED = 1L << 63;
    private static final int HEADER = 512;
    private static final long X87 = 1;
    private static final long SSE = 2;

    private XsaveOps() {}

    static @Nullable MicroOp create(Insn insn) {
        return switch (insn.op) {
            case FXSAVE, FXRSTOR -> legacy(insn);
            case XSAVE, XSAVEOPT, XSAVEC, XSAVES -> save(insn);
            case XRSTOR, XRSTORS -> restore(insn);
            case XGETBV -> Cold.of(XsaveOps::readXcr);
            case XSETBV -> Cold.ending((core, next) -> writeXcr(core));
            case LDMXCSR -> {
                var source = Location.of(insn, 0);
                yield Cold.of(core -> {
                    SseControl.check(core);
                    core.state.fpu.mxcsr = LegacyArea.checkedMxcsr((int) source.get(core));
                });
            }
            case STMXCSR -> {
                var target = Location.of(insn, 0);
                yield Cold.of(core -> {
                    SseControl.check(core);
                    target.set(core, core.state.fpu.mxcsr);
                });
            }
            default -> null;
        };
    }

    private static MicroOp legacy(Insn insn) {
        var address = new Address(insn);
        boolean wide = insn.operandSize == 8;
        boolean save = insn.op == Op.FXSAVE;
        return Cold.of(core -> {
            if ((core.state.cr0 & (ControlRegisters.EM | ControlRegisters.TS)) != 0) {
                throw GuestFault.nm();
            }
            long at = address.linear(core, HEADER, save);
            if ((at & 15) != 0) {
                throw GuestFault.gp0();
            }
            var area = new LegacyArea(core, at, wide);
            if (save) {
                core.mmu.checkStore(at, HEADER);
                area.saveX87();
                area.saveMxcsr();
                area.saveXmm();
            } else {
                core.mmu.checkLoad(at, HEADER);
                int mxcsr = area.mxcsr();
                area.restoreX87();
                area.restoreXmm();
                core.state.fpu.mxcsr = mxcsr;
            }
        });
    }

    private static void check(Core core) {
        if ((core.state.cr4 & ControlRegisters.OSXSAVE) == 0) {
            throw GuestFault.ud();
        }
        if ((core.state.cr0 & ControlRegisters.TS) != 0) {
            throw GuestFault.nm();
        }
    }

    private static long requested(Core core) {
        return core.gpr[2] << 32 | core.gpr[0] & 0xFFFF_FFFFL;
    }

    private static long area(Core core, Address address, int size, boolean write) {
        // The processor looks at the alignment before the segment's limit and before the address is canonical.
        if ((core.linear(address.segment, address.offset(core)) & 63) != 0) {
            throw GuestFault.gp0();
        }
        return address.linear(core, size, write);
    }

    /// What is not in its initial state. The x87 and SSE states count as in use always, which they may.
    private static long inUse(Core core) {
        return XState.USER | (core.state.msrs.pasid != 0 ? XState.SUPERVISOR : 0);
    }

    // ---- saving

    private static MicroOp save(Insn insn) {
        var address = new Address(insn);
        boolean wide = insn.operandSize == 8;
        boolean supervisor = insn.op == Op.XSAVES;
        boolean compact = supervisor || insn.op == Op.XSAVEC;
        return Cold.of(core -> {
            check(core);
            if (supervisor) {
                core.requireCpl0();
            }
            var s = core.state;
            long components = requested(core) & (s.xcr0 | (supervisor ? s.msrs.xss : 0));
            int size = compact ? XState.compactedSize(components) : XState.standardSize();
            long at = area(core, address, size, true);
            core.mmu.checkStore(at, size);
            long present = components & inUse(core);
            var legacy = new LegacyArea(core, at, wide);
            if ((present & X87) != 0) {
                legacy.saveX87();
            }
            if ((components & SSE) != 0) {
                legacy.saveMxcsr();
                legacy.saveXmm();
            }
            if (compact) {
                if ((present & XState.SUPERVISOR) != 0) {
                    core.mmu.store64(core.wrapLinear(at + XState.BASE_SIZE), s.msrs.pasid);
                }
                header(core, at, present, components | COMPACTED);
            } else {
                long old = core.mmu.load64(core.wrapLinear(at + HEADER));
                core.mmu.store64(core.wrapLinear(at + HEADER), old & ~components | present);
            }
        });
    }

    /// The rest of the header is not written (SDM volume 1, section 13.10).
    private static void header(Core core, long at, long present, long layout) {
        core.mmu.store64(core.wrapLinear(at + HEADER), present);
        core.mmu.store64(core.wrapLinear(at + HEADER + 8), layout);
    }

    // ---- restoring

    private static MicroOp restore(Insn insn) {
        var address = new Address(insn);
        boolean wide = insn.operandSize == 8;
        boolean supervisor = insn.op == Op.XRSTORS;
        return Cold.of(core -> {
            check(core);
            if (supervisor) {
                core.requireCpl0();
            }
            var s = core.state;
            long allowed = s.xcr0 | (supervisor ? s.msrs.xss : 0);
            long components = requested(core) & allowed;
            long at = area(core, address, XState.BASE_SIZE, false);
            core.mmu.checkLoad(at, XState.BASE_SIZE);
            long present = core.mmu.load64(core.wrapLinear(at + HEADER));
            long layout = core.mmu.load64(core.wrapLinear(at + HEADER + 8));
            checkHeader(core, at, present, layout, allowed, supervisor);
            boolean compact = layout < 0;
            boolean hasPasid = (present & components & XState.SUPERVISOR) != 0;
            long pasid = hasPasid ? core.mmu.load64(core.wrapLinear(at + XState.BASE_SIZE)) : 0;
            if ((pasid & ~(0x8000_0000L | 0xFFFFF)) != 0) {
                throw GuestFault.gp0();
            }
            restoreLegacy(core, new LegacyArea(core, at, wide), components, present, compact);
            if ((components & XState.SUPERVISOR) != 0) {
                s.msrs.pasid = pasid;
            }
        });
    }

    private static void restoreLegacy(Core core, LegacyArea legacy, long components, long present, boolean compact) {
        // The standard form takes MXCSR from the area even if the SSE state is the initial one.
        boolean fromArea = !compact || (present & SSE) != 0;
        int mxcsr = (components & SSE) != 0 && fromArea ? legacy.mxcsr() : 0x1F80;
        if ((components & X87) != 0) {
            if ((present & X87) != 0) {
                legacy.restoreX87();
            } else {
                legacy.initX87();
            }
        }
        if ((components & SSE) != 0) {
            if ((present & SSE) != 0) {
                legacy.restoreXmm();
            } else {
                legacy.clearXmm();
            }
            core.state.fpu.mxcsr = mxcsr;
        }
    }

    private static void checkHeader(
            Core core, long at, long present, long layout, long allowed, boolean mustBeCompact) {
        boolean compact = layout < 0;
        boolean bad = compact
                ? (layout & ~COMPACTED & ~allowed) != 0 || (present & ~layout) != 0 || present < 0
                : mustBeCompact || layout != 0 || (present & ~allowed) != 0;
        int last = compact ? 8 : 3;
        for (int i = 2; i < last; i++) {
            bad |= core.mmu.load64(core.wrapLinear(at + HEADER + 8L * i)) != 0;
        }
        if (bad) {
            throw GuestFault.gp0();
        }
    }

    // ---- XCR0

    private static void readXcr(Core core) {
        if ((core.state.cr4 & ControlRegisters.OSXSAVE) == 0) {
            throw GuestFault.ud();
        }
        long value = switch ((int) core.gpr[1]) {
            case 0 -> core.state.xcr0;
            case 1 -> core.state.xcr0 & inUse(core);
            default -> throw GuestFault.gp0();
        };
        core.gpr[0] = value & 0xFFFF_FFFFL;
        core.gpr[2] = value >>> 32;
    }

    private static void writeXcr(Core core) {
        if ((core.state.cr4 & ControlRegisters.OSXSAVE) == 0) {
            throw GuestFault.ud();
        }
        core.requireCpl0();
        long value = requested(core);
        if ((int) core.gpr[1] != 0 || (value & ~XState.USER) != 0 || (value & X87) == 0) {
            throw GuestFault.gp0();
        }
        core.state.xcr0 = value;
    }
}
