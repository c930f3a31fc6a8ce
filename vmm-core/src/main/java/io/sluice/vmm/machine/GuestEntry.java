package io.sluice.vmm.machine;

import io.sluice.vmm.boot.EntryState;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;

/// Sets the registers with which a loader wants the guest to be entered. What is not named stays as after reset.
final class GuestEntry {
    private static final long CR0_PROTECTED = 0x11;
    private static final long CR0_LONG = 0x8000_0031L;
    private static final long CR4_PAE = 0x20;
    private static final long EFER_LONG = 0x500;
    private static final long FLAT_LIMIT = 0xFFFF_FFFFL;
    private static final int[] DATA_SEGMENTS = {Insn.DS, Insn.ES, Insn.SS, Insn.FS, Insn.GS};
    private static final int RAX = 0;
    private static final int RDX = 2;
    private static final int RBX = 3;
    private static final int RSP = 4;
    private static final int RSI = 6;

    private GuestEntry() {}

    static void apply(EntryState entry, CpuState cpu) {
        cpu.gpr[RDX] = 0;
        switch (entry) {
            case EntryState.LongMode mode -> enterLong(mode, cpu);
            case EntryState.Protected32 mode -> enterProtected(mode, cpu);
            case EntryState.Real16 mode -> enterReal(mode, cpu);
        }
    }

    private static void enterLong(EntryState.LongMode mode, CpuState cpu) {
        flatSegments(cpu, EntryState.CODE64_ACCESS);
        cpu.cr0 = CR0_LONG;
        cpu.cr3 = mode.cr3().bits();
        cpu.cr4 = CR4_PAE;
        cpu.efer = EFER_LONG;
        cpu.gdtBase = mode.gdt().bits();
        cpu.gdtLimit = mode.gdtLimit();
        cpu.idtLimit = 0;
        cpu.rip = mode.rip().bits();
        cpu.gpr[RSI] = mode.rsi().bits();
    }

    private static void enterProtected(EntryState.Protected32 mode, CpuState cpu) {
        flatSegments(cpu, EntryState.CODE32_ACCESS);
        cpu.cr0 = CR0_PROTECTED;
        cpu.gdtBase = mode.gdt().bits();
        cpu.gdtLimit = mode.gdtLimit();
        cpu.idtLimit = 0;
        cpu.rip = Integer.toUnsignedLong(mode.eip());
        cpu.gpr[RAX] = Integer.toUnsignedLong(mode.eax());
        cpu.gpr[RBX] = Integer.toUnsignedLong(mode.ebx());
    }

    private static void enterReal(EntryState.Real16 mode, CpuState cpu) {
        var code = cpu.segments[Insn.CS];
        code.selector = mode.cs();
        code.base = (long) mode.cs() << 4;
        cpu.idtLimit = 0x3FF;
        cpu.rip = mode.ip();
        cpu.gpr[RSP] = mode.sp();
        cpu.gpr[RDX] = mode.dl();
    }

    private static void flatSegments(CpuState cpu, int codeAccess) {
        flat(cpu, Insn.CS, EntryState.CODE_SELECTOR, codeAccess);
        for (int segment : DATA_SEGMENTS) {
            flat(cpu, segment, EntryState.DATA_SELECTOR, EntryState.DATA_ACCESS);
        }
    }

    private static void flat(CpuState cpu, int number, int selector, int access) {
        var segment = cpu.segments[number];
        segment.selector = selector;
        segment.base = 0;
        segment.limit = FLAT_LIMIT;
        segment.access = access;
        segment.usable = true;
    }
}
