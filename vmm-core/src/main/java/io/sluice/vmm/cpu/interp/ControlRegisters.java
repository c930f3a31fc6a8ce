package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.state.Cpuid;
import io.sluice.vmm.cpu.state.GuestFault;

/// Writes to CR0, CR3, CR4, CR8, EFER and the debug registers, with their checks and what follows from them.
final class ControlRegisters {
    static final long PE = 1;
    static final long MP = 1 << 1;
    static final long EM = 1 << 2;
    static final long TS = 1 << 3;
    static final long ET = 1 << 4;
    static final long NE = 1 << 5;
    static final long WP = 1 << 16;
    static final long AM = 1 << 18;
    static final long NW = 1 << 29;
    static final long CD = 1 << 30;
    static final long PG = 1L << 31;
    private static final long CR0_KNOWN = PE | MP | EM | TS | ET | NE | WP | AM | NW | CD | PG;

    static final long TSD = 1 << 2;
    static final long DE = 1 << 3;
    static final long PSE = 1 << 4;
    static final long PAE = 1 << 5;
    static final long MCE = 1 << 6;
    static final long PGE = 1 << 7;
    static final long PCE = 1 << 8;
    static final long OSFXSR = 1 << 9;
    static final long OSXMMEXCPT = 1 << 10;
    static final long UMIP = 1 << 11;
    static final long FSGSBASE = 1 << 16;
    static final long PCIDE = 1 << 17;
    static final long OSXSAVE = 1 << 18;
    static final long SMEP = 1 << 20;
    static final long SMAP = 1 << 21;
    private static final long CR4_KNOWN = TSD
            | DE
            | PSE
            | PAE
            | MCE
            | PGE
            | PCE
            | OSFXSR
            | OSXMMEXCPT
            | UMIP
            | FSGSBASE
            | PCIDE
            | OSXSAVE
            | SMEP
            | SMAP;

    static final long SCE = 1;
    static final long LME = 1 << 8;
    static final long LMA = 1 << 10;
    static final long NXE = 1 << 11;
    private static final long EFER_WRITABLE = SCE | LME | NXE;

    private ControlRegisters() {}

    static void writeCr0(Core core, long value) {
        var s = core.state;
        if (value >>> 32 != 0 || (value & PG) != 0 && (value & PE) == 0 || (value & NW) != 0 && (value & CD) == 0) {
            throw GuestFault.gp0();
        }
        long next = value & CR0_KNOWN | ET;
        long changed = s.cr0 ^ next;
        if ((changed & PG) != 0) {
            switchPaging(core, next);
        } else if ((changed & (CD | NW)) != 0 && (next & PG) != 0 && (s.cr4 & PAE) != 0 && !s.inLongMode()) {
            core.mmu.loadPdptes(s.cr3);
        }
        s.cr0 = next;
        if ((changed & (PG | PE | WP)) != 0) {
            core.mmu.flushAll();
        }
        core.updateMode();
    }

    /// CR0.PG changes: long mode is entered or left (SDM volume 3, section 9.8.5).
    private static void switchPaging(Core core, long next) {
        var s = core.state;
        boolean on = (next & PG) != 0;
        if (on && (s.efer & LME) != 0) {
            boolean task16 = (s.tr.type() & 8) == 0;
            if ((s.cr4 & PAE) == 0 || s.segments[1].isLong() || task16) {
                throw GuestFault.gp0();
            }
            s.efer |= LMA;
        } else if (on) {
            if ((s.cr4 & PAE) != 0) {
                core.mmu.loadPdptes(s.cr3);
            }
        } else {
            if (core.is64() || (s.cr4 & PCIDE) != 0) {
                throw GuestFault.gp0();
            }
            s.efer &= ~LMA;
        }
    }

    static void writeCr3(Core core, long value) {
        var s = core.state;
        boolean keep = false;
        long next = value;
        if (s.inLongMode()) {
            if ((s.cr4 & PCIDE) != 0) {
                keep = value < 0;
                next = value & ~(1L << 63);
            }
            if (next >>> Cpuid.PHYSICAL_BITS != 0) {
                throw GuestFault.gp0();
            }
        } else {
            if ((s.cr0 & PG) != 0 && (s.cr4 & PAE) != 0) {
                core.mmu.loadPdptes(value);
            }
        }
        s.cr3 = next;
        core.mmu.switchContext(keep);
    }

    static void writeCr4(Core core, long value) {
        var s = core.state;
        long changed = s.cr4 ^ value;
        boolean bad = (value & ~CR4_KNOWN) != 0 || s.inLongMode() && (value & PAE) == 0;
        if ((changed & PCIDE & value) != 0) {
            bad |= !s.inLongMode() || (s.cr3 & 0xFFF) != 0;
        }
        if (bad) {
            throw GuestFault.gp0();
        }
        if ((s.cr0 & PG) != 0 && !s.inLongMode() && (value & PAE) != 0 && (changed & (PAE | PSE | PGE | SMEP)) != 0) {
            core.mmu.loadPdptes(s.cr3);
        }
        s.cr4 = value;
        if ((changed & (PSE | PAE | PGE | PCIDE | SMEP | SMAP)) != 0) {
            core.mmu.flushAll();
        }
        core.updateMode();
    }

    static void writeEfer(Core core, long value) {
        var s = core.state;
        boolean changesLme = ((s.efer ^ value) & LME) != 0;
        if ((value & ~(EFER_WRITABLE | LMA)) != 0 || changesLme && (s.cr0 & PG) != 0) {
            throw GuestFault.gp0();
        }
        boolean changesNxe = ((s.efer ^ value) & NXE) != 0;
        s.efer = value & EFER_WRITABLE | s.efer & LMA;
        if (changesNxe) {
            core.mmu.flushAll();
        }
        core.updateMode();
    }

    static void writeCr8(Core core, long value) {
        if ((value & ~0xFL) != 0) {
            throw GuestFault.gp0();
        }
        core.ports.interrupts().setTaskPriority((int) value);
        core.lookForInterrupts();
    }

    /// LMSW: the low four bits; PE is never cleared.
    static void loadMachineStatus(Core core, int value) {
        long low = value & 0xF | core.state.cr0 & PE;
        writeCr0(core, core.state.cr0 & ~0xFL | low);
    }

    // ---- debug registers (SDM volume 3, section 17.2)

    private static final long DR6_FIXED = 0xFFFF_0FF0L;
    static final long DR7_GD = 1 << 13;
    static final long DR6_BD = 1 << 13;
    static final long DR6_BS = 1 << 14;
    static final long DR6_BT = 1 << 15;

    private static int debugNumber(Core core, int number) {
        if (number == 4 || number == 5) {
            if ((core.state.cr4 & DE) != 0) {
                throw GuestFault.ud();
            }
            return number + 2;
        }
        return number;
    }

    private static void checkGeneralDetect(Core core) {
        if ((core.state.dr[7] & DR7_GD) != 0) {
            core.state.dr[6] |= DR6_BD;
            throw new GuestFault(GuestFault.DB, GuestFault.NO_CODE);
        }
    }

    static long readDebug(Core core, int number) {
        int n = debugNumber(core, number);
        checkGeneralDetect(core);
        return core.state.dr[n];
    }

    static void writeDebug(Core core, int number, long value) {
        int n = debugNumber(core, number);
        checkGeneralDetect(core);
        if (n >= 6 && value >>> 32 != 0) {
            throw GuestFault.gp0();
        }
        core.state.dr[n] = switch (n) {
            case 6 -> value & 0xE00F | DR6_FIXED;
            case 7 -> value & 0xFFFF_23FFL | 0x400;
            default -> value;
        };
        core.debugChanged();
    }
}
