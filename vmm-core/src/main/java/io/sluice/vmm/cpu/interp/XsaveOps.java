package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.FpuState;
import io.sluice.vmm.cpu.state.GuestFault;
import io.sluice.vmm.cpu.state.XState;
import org.jspecify.annotations.Nullable;

/// FXSAVE and XSAVE with their kin, MXCSR, and XCR0.
final class XsaveOps {
    private static final int CR0_EM = 1 << 2;
    private static final int CR0_TS = 1 << 3;
    private static final int CR4_OSFXSR = 1 << 9;
    private static final int CR4_OSXSAVE = 1 << 18;

    private XsaveOps() {}

    static @Nullable MicroOp create(Insn insn) {
        return switch (insn.op) {
            case LDMXCSR -> loadMxcsr(new Address(insn));
            case STMXCSR -> storeMxcsr(new Address(insn));
            case FXSAVE -> legacy(insn, true);
            case FXRSTOR -> legacy(insn, false);
            case XSAVE -> extended(insn, Form.STANDARD);
            case XSAVEOPT -> extended(insn, Form.OPTIMISED);
            case XSAVEC -> extended(insn, Form.COMPACTED);
            case XSAVES -> extended(insn, Form.SUPERVISOR);
            case XRSTOR -> restore(insn, false);
            case XRSTORS -> restore(insn, true);
            case XGETBV -> Cold.of(XsaveOps::getControl);
            case XSETBV -> Cold.of(XsaveOps::setControl);
            default -> null;
        };
    }

    /// How an XSAVE instruction lays out what it stores.
    enum Form {
        STANDARD,
        OPTIMISED,
        COMPACTED,
        SUPERVISOR
    }

    private static MicroOp loadMxcsr(Address address) {
        return Cold.of(core -> {
            SseControl.check(core);
            core.state.fpu.mxcsr = checkedMxcsr(core.load32(address.segment, address.offset(core)));
        });
    }

    static int checkedMxcsr(int value) {
        if ((value & ~FpuState.MXCSR_MASK) != 0) {
            throw GuestFault.gp0();
        }
        return value;
    }

    private static MicroOp storeMxcsr(Address address) {
        return Cold.of(core -> {
            SseControl.check(core);
            core.store32(address.segment, address.offset(core), core.state.fpu.mxcsr);
        });
    }

    private static MicroOp legacy(Insn insn, boolean store) {
        var address = new Address(insn);
        boolean wide = insn.operandSize == 8;
        return Cold.of(core -> {
            if ((core.state.cr0 & (CR0_EM | CR0_TS)) != 0) {
                throw GuestFault.nm();
            }
            var area = new XsaveArea(core, address, aligned(core, address, 16), wide);
            boolean xmm = (core.state.cr4 & CR4_OSFXSR) != 0;
            if (store) {
                area.checkStore(xmm ? XsaveArea.LEGACY_SIZE : XsaveArea.XMM);
                area.storeX87();
                area.storeMxcsr();
                if (xmm) {
                    area.storeXmm();
                }
            } else {
                area.checkLoad(XsaveArea.LEGACY_SIZE);
                int mxcsr = xmm ? checkedMxcsr(area.mxcsr()) : core.state.fpu.mxcsr;
                area.loadX87();
                if (xmm) {
                    area.loadXmm();
                    core.state.fpu.mxcsr = mxcsr;
                }
            }
        });
    }

    private static long aligned(Core core, Address address, int alignment) {
        long offset = address.offset(core);
        if (alignment == 16 && core.is64() && !isCanonical(core.linear(address.segment, offset))) {
            // For FXSAVE and FXRSTOR this comes before the alignment, and may be #SS.
            core.checkLoad(address.segment, offset, 1);
        }
        if ((core.linear(address.segment, offset) & alignment - 1) != 0) {
            throw GuestFault.gp0();
        }
        return offset;
    }

    private static boolean isCanonical(long linear) {
        return linear >> 47 == linear >> 63;
    }

    private static void checkExtended(Core core) {
        CpuState state = core.state;
        if ((state.cr4 & CR4_OSXSAVE) == 0) {
            throw GuestFault.ud();
        }
        if ((state.cr0 & CR0_TS) != 0) {
            throw GuestFault.nm();
        }
    }

    /// The instruction mask in EDX:EAX.
    private static long requested(Core core) {
        return core.gpr[0] & 0xFFFF_FFFFL | core.gpr[2] << 32;
    }

    private static MicroOp extended(Insn insn, Form form) {
        var address = new Address(insn);
        boolean wide = insn.operandSize == 8;
        return Cold.of(core -> {
            checkExtended(core);
            long enabled = core.state.xcr0;
            if (form == Form.SUPERVISOR) {
                core.requireCpl0();
                enabled |= core.state.msrs.xss;
            }
            var area = new XsaveArea(core, address, aligned(core, address, 64), wide);
            XsaveStore.store(core, area, requested(core) & enabled, form);
        });
    }

    private static MicroOp restore(Insn insn, boolean supervisor) {
        var address = new Address(insn);
        boolean wide = insn.operandSize == 8;
        return Cold.of(core -> {
            checkExtended(core);
            if (supervisor) {
                core.requireCpl0();
            }
            var area = new XsaveArea(core, address, aligned(core, address, 64), wide);
            XsaveRestore.restore(core, area, requested(core), supervisor);
        });
    }

    private static void getControl(Core core) {
        if ((core.state.cr4 & CR4_OSXSAVE) == 0) {
            throw GuestFault.ud();
        }
        long value = switch ((int) core.gpr[1]) {
            case 0 -> core.state.xcr0;
            // XINUSE of what is enabled.
            case 1 -> core.state.xcr0 & XsaveStore.inUse(core);
            default -> throw GuestFault.gp0();
        };
        core.gpr[0] = value & 0xFFFF_FFFFL;
        core.gpr[2] = value >>> 32;
    }

    private static void setControl(Core core) {
        if ((core.state.cr4 & CR4_OSXSAVE) == 0) {
            throw GuestFault.ud();
        }
        core.requireCpl0();
        long value = requested(core);
        // x87 is always on, and SSE needs nothing but itself.
        if ((int) core.gpr[1] != 0 || (value & 1) == 0 || (value & ~XState.USER) != 0) {
            throw GuestFault.gp0();
        }
        core.state.xcr0 = value;
    }
}
