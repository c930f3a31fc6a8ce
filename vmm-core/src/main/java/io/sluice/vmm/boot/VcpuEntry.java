package io.sluice.vmm.boot;

import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.Segment;

/// Puts the boot vCPU's registers into an entry state. The registers are as after reset when this is called, and the
/// vCPU has translated nothing yet.
public final class VcpuEntry {
    private static final int RAX = 0;
    private static final int RDX = 2;
    private static final int RBX = 3;
    private static final int RSP = 4;
    private static final int RSI = 6;
    private static final int CS = 1;

    private static final long CR0_PROTECTED = 0x31;
    private static final long CR0_PAGING = 1L << 31;
    private static final long CR4_PAE = 1 << 5;
    private static final long EFER_LONG_MODE = 1 << 8 | 1 << 10;
    private static final long FLAT_LIMIT = 0xFFFF_FFFFL;
    private static final long REAL_LIMIT = 0xFFFF;
    private static final int BUSY_TSS = 0x8B;
    private static final int LDT = 0x82;
    private static final int REAL_CODE = 0x9B;
    private static final int REAL_DATA = 0x93;
    private static final int NO_FLAGS = 2;

    private VcpuEntry() {}

    public static void apply(EntryState state, CpuState cpu) {
        cpu.setFlags(NO_FLAGS);
        cpu.cpl = 0;
        cpu.idtBase = 0;
        switch (state) {
            case EntryState.LongMode entry -> {
                flat(cpu, EntryState.CODE64_ACCESS, entry.gdt().bits(), entry.gdtLimit());
                cpu.cr3 = entry.cr3().bits();
                cpu.cr4 = CR4_PAE;
                cpu.efer = EFER_LONG_MODE;
                cpu.cr0 = CR0_PROTECTED | CR0_PAGING;
                cpu.gpr[RSI] = entry.rsi().bits();
                cpu.rip = entry.rip().bits();
            }
            case EntryState.Protected32 entry -> {
                flat(cpu, EntryState.CODE32_ACCESS, entry.gdt().bits(), entry.gdtLimit());
                cpu.cr4 = 0;
                cpu.efer = 0;
                cpu.cr0 = CR0_PROTECTED;
                cpu.gpr[RAX] = Integer.toUnsignedLong(entry.eax());
                cpu.gpr[RBX] = Integer.toUnsignedLong(entry.ebx());
                cpu.rip = Integer.toUnsignedLong(entry.eip());
            }
            case EntryState.Real16 entry -> {
                for (int i = 0; i < cpu.segments.length; i++) {
                    set(cpu.segments[i], 0, 0, REAL_LIMIT, REAL_DATA);
                }
                set(cpu.segments[CS], entry.cs(), (long) entry.cs() << 4, REAL_LIMIT, REAL_CODE);
                cpu.idtLimit = 0x3FF;
                cpu.gpr[RSP] = entry.sp();
                cpu.gpr[RDX] = entry.dl();
                cpu.rip = entry.ip();
            }
        }
    }

    private static void flat(CpuState cpu, int codeAccess, long gdt, int gdtLimit) {
        for (int i = 0; i < cpu.segments.length; i++) {
            set(cpu.segments[i], EntryState.DATA_SELECTOR, 0, FLAT_LIMIT, EntryState.DATA_ACCESS);
        }
        set(cpu.segments[CS], EntryState.CODE_SELECTOR, 0, FLAT_LIMIT, codeAccess);
        // A processor never runs without a task register; its content does not matter until the guest loads it.
        set(cpu.tr, 0, 0, REAL_LIMIT, BUSY_TSS);
        set(cpu.ldtr, 0, 0, REAL_LIMIT, LDT);
        cpu.ldtr.usable = false;
        cpu.gdtBase = gdt;
        cpu.gdtLimit = gdtLimit;
        cpu.idtLimit = 0;
    }

    private static void set(Segment segment, int selector, long base, long limit, int access) {
        segment.selector = selector;
        segment.base = base;
        segment.limit = limit;
        segment.access = access;
        segment.usable = true;
    }
}
