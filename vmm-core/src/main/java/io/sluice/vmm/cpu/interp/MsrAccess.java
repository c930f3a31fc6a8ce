package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.Cpuid;
import io.sluice.vmm.cpu.state.GuestFault;
import io.sluice.vmm.cpu.state.XState;

/// RDMSR and WRMSR. An MSR that is not listed is #GP(0), and so is a reserved bit.
final class MsrAccess {
    private static final int TSC = 0x10;
    private static final int PLATFORM_ID = 0x17;
    private static final int APIC_BASE = 0x1B;
    private static final int FEATURE_CONTROL = 0x3A;
    private static final int TSC_ADJUST = 0x3B;
    private static final int SPEC_CTRL = 0x48;
    private static final int PRED_CMD = 0x49;
    private static final int MICROCODE_REVISION = 0x8B;
    private static final int MTRR_CAP = 0xFE;
    private static final int ARCH_CAPABILITIES = 0x10A;
    private static final int SYSENTER_CS = 0x174;
    private static final int SYSENTER_ESP = 0x175;
    private static final int SYSENTER_EIP = 0x176;
    private static final int MCG_CAP = 0x179;
    private static final int MCG_STATUS = 0x17A;
    private static final int MISC_ENABLE = 0x1A0;
    private static final int MTRR_VARIABLE = 0x200;
    private static final int MTRR_VARIABLE_LAST = 0x20F;
    private static final int MTRR_FIXED_64K = 0x250;
    private static final int MTRR_FIXED_16K = 0x258;
    private static final int MTRR_FIXED_4K = 0x268;
    private static final int MTRR_FIXED_4K_LAST = 0x26F;
    private static final int PAT = 0x277;
    private static final int MTRR_DEF_TYPE = 0x2FF;
    private static final int TSC_DEADLINE = 0x6E0;
    private static final int X2APIC = 0x800;
    private static final int X2APIC_LAST = 0x8FF;
    private static final int PASID = 0xD93;
    private static final int XSS = 0xDA0;
    private static final int EFER = 0xC000_0080;
    private static final int STAR = 0xC000_0081;
    private static final int LSTAR = 0xC000_0082;
    private static final int CSTAR = 0xC000_0083;
    private static final int FMASK = 0xC000_0084;
    private static final int FS_BASE = 0xC000_0100;
    private static final int GS_BASE = 0xC000_0101;
    private static final int KERNEL_GS_BASE = 0xC000_0102;
    private static final int TSC_AUX = 0xC000_0103;

    /// What a processor without speculation may say of itself: RDCL_NO, IBRS_ALL, SKIP_L1DFL_VMENTRY, SSB_NO, MDS_NO,
    /// IF_PSCHANGE_MC_NO, TAA_NO, SBDR_SSDP_NO, FBSDP_NO, PSDP_NO, BHI_NO, PBRSB_NO, GDS_NO, RFDS_NO, ITS_NO.
    private static final long CAPABILITIES = 1 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 8 | 1 << 13 | 1 << 14
            | 1 << 15 | 1 << 20 | 1 << 24 | 1 << 26 | 1 << 27 | 1L << 62;

    /// IBRS, STIBP, SSBD, BHI_DIS_S
    private static final long SPEC_CTRL_KNOWN = 1 | 1 << 1 | 1 << 2 | 1 << 10;
    private static final long PASID_WRITABLE = 0x8000_0000L | 0xFFFFF;
    private static final long MISC_ENABLE_WRITABLE = 1 | 1 << 3 | 1L << 34;
    /// Eight variable ranges, fixed ranges, write-combining.
    private static final long MTRR_CAPABILITIES = 8 | 1 << 8 | 1 << 10;

    private MsrAccess() {}

    static long read(Core core, int index) {
        var s = core.state;
        var m = s.msrs;
        var apic = core.ports.interrupts();
        if (index >= X2APIC && index <= X2APIC_LAST) {
            require(apic.canReadMsr(index));
            return apic.readMsr(index);
        }
        if (index >= MTRR_VARIABLE && index <= MTRR_VARIABLE_LAST) {
            return m.mtrrVariable[index - MTRR_VARIABLE];
        }
        int fixed = fixedRange(index);
        if (fixed >= 0) {
            return m.mtrrFixed[fixed];
        }
        return switch (index) {
            case TSC -> core.timeStamp();
            case PLATFORM_ID -> 0;
            case APIC_BASE -> apic.base();
            case FEATURE_CONTROL -> 1;
            case TSC_ADJUST -> m.tscOffset;
            case SPEC_CTRL -> m.specCtrl;
            case MICROCODE_REVISION -> 1L << 32;
            case MTRR_CAP -> MTRR_CAPABILITIES;
            case ARCH_CAPABILITIES -> CAPABILITIES;
            case SYSENTER_CS -> m.sysenterCs;
            case SYSENTER_ESP -> m.sysenterEsp;
            case SYSENTER_EIP -> m.sysenterEip;
            case MCG_CAP, MCG_STATUS -> 0;
            case MISC_ENABLE -> m.miscEnable;
            case PAT -> m.pat;
            case MTRR_DEF_TYPE -> m.mtrrDefType;
            case TSC_DEADLINE -> apic.tscDeadline();
            case PASID -> m.pasid;
            case XSS -> m.xss;
            case EFER -> s.efer;
            case STAR -> m.star;
            case LSTAR -> m.lstar;
            case CSTAR -> m.cstar;
            case FMASK -> m.fmask;
            case FS_BASE -> s.segments[Insn.FS].base;
            case GS_BASE -> s.segments[Insn.GS].base;
            case KERNEL_GS_BASE -> m.kernelGsBase;
            case TSC_AUX -> m.tscAux;
            default -> throw GuestFault.gp0();
        };
    }

    static void write(Core core, int index, long value) {
        var s = core.state;
        var m = s.msrs;
        var apic = core.ports.interrupts();
        if (index >= X2APIC && index <= X2APIC_LAST) {
            require(apic.writeMsr(index, value));
            core.lookForInterrupts();
            return;
        }
        if (index >= MTRR_VARIABLE && index <= MTRR_VARIABLE_LAST) {
            boolean mask = (index & 1) != 0;
            require((value >>> Cpuid.PHYSICAL_BITS) == 0);
            require(mask ? (value & 0x7FF) == 0 : (value & 0xF00) == 0 && isMemoryType((int) value & 0xFF));
            m.mtrrVariable[index - MTRR_VARIABLE] = value;
            return;
        }
        int fixed = fixedRange(index);
        if (fixed >= 0) {
            for (int i = 0; i < 8; i++) {
                require(isMemoryType((int) (value >>> 8 * i) & 0xFF));
            }
            m.mtrrFixed[fixed] = value;
            return;
        }
        switch (index) {
            case TSC -> setTscOffset(core, value - core.ports.nanos());
            case APIC_BASE -> {
                require(apic.setBase(value));
                core.mmu.flushForRemap();
            }
            case TSC_ADJUST -> setTscOffset(core, value);
            case SPEC_CTRL -> {
                require((value & ~SPEC_CTRL_KNOWN) == 0);
                m.specCtrl = value;
            }
            case PRED_CMD -> require((value & ~1L) == 0);
            case MICROCODE_REVISION, MCG_STATUS -> require(value == 0);
            case SYSENTER_CS -> m.sysenterCs = value;
            case SYSENTER_ESP -> m.sysenterEsp = canonical(value);
            case SYSENTER_EIP -> m.sysenterEip = canonical(value);
            case MISC_ENABLE -> m.miscEnable = value & MISC_ENABLE_WRITABLE;
            case PAT -> writePat(core, value);
            case MTRR_DEF_TYPE -> {
                require((value & ~0xCFFL) == 0 && isMemoryType((int) value & 0xFF));
                m.mtrrDefType = value;
            }
            case TSC_DEADLINE -> {
                apic.setTscDeadline(value);
                core.lookForInterrupts();
            }
            case PASID -> {
                require((value & ~PASID_WRITABLE) == 0);
                m.pasid = value;
            }
            case XSS -> {
                require((value & ~XState.SUPERVISOR) == 0);
                m.xss = value;
            }
            case EFER -> ControlRegisters.writeEfer(core, value);
            case STAR -> m.star = value;
            case LSTAR -> m.lstar = canonical(value);
            case CSTAR -> m.cstar = canonical(value);
            case FMASK -> m.fmask = value & 0xFFFF_FFFFL;
            case FS_BASE -> s.segments[Insn.FS].base = canonical(value);
            case GS_BASE -> s.segments[Insn.GS].base = canonical(value);
            case KERNEL_GS_BASE -> m.kernelGsBase = canonical(value);
            case TSC_AUX -> {
                require(value >>> 32 == 0);
                m.tscAux = value;
            }
            default -> throw GuestFault.gp0();
        }
    }

    private static void setTscOffset(Core core, long offset) {
        core.state.msrs.tscOffset = offset;
        core.ports.interrupts().setTscOffset(offset);
    }

    private static int fixedRange(int index) {
        if (index == MTRR_FIXED_64K) {
            return 0;
        }
        if (index == MTRR_FIXED_16K || index == MTRR_FIXED_16K + 1) {
            return 1 + index - MTRR_FIXED_16K;
        }
        return index >= MTRR_FIXED_4K && index <= MTRR_FIXED_4K_LAST ? 3 + index - MTRR_FIXED_4K : -1;
    }

    /// UC, WC, WT, WP, WB.
    private static boolean isMemoryType(int type) {
        return type <= 6 && type != 2 && type != 3;
    }

    private static void writePat(Core core, long value) {
        for (int i = 0; i < 8; i++) {
            int type = (int) (value >>> 8 * i) & 0xFF;
            require(type <= 7 && type != 2 && type != 3);
        }
        core.state.msrs.pat = value;
    }

    private static long canonical(long value) {
        require(value >> 47 == value >> 63);
        return value;
    }

    private static void require(boolean legal) {
        if (!legal) {
            throw GuestFault.gp0();
        }
    }
}
