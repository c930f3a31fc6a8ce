package io.sluice.guest.judge;

import static io.sluice.guest.asm.Reg.AL;
import static io.sluice.guest.asm.Reg.AX;
import static io.sluice.guest.asm.Reg.CR0;
import static io.sluice.guest.asm.Reg.CR3;
import static io.sluice.guest.asm.Reg.CR4;
import static io.sluice.guest.asm.Reg.DS;
import static io.sluice.guest.asm.Reg.DX;
import static io.sluice.guest.asm.Reg.EAX;
import static io.sluice.guest.asm.Reg.EBX;
import static io.sluice.guest.asm.Reg.ECX;
import static io.sluice.guest.asm.Reg.ES;
import static io.sluice.guest.asm.Reg.ESI;
import static io.sluice.guest.asm.Reg.FS;
import static io.sluice.guest.asm.Reg.GS;
import static io.sluice.guest.asm.Reg.SS;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Plain;
import io.sluice.guest.asm.Reg;
import io.sluice.vmm.boot.EntryState;

/// A ROM of 128 KiB that does the least a firmware must on QEMU's q35 (ECAM, ACPI ports) and puts the processor into an
/// entry state.
final class Trampoline {
    static final int ROM_BASE = 0xE_0000;
    private static final int CODE_AT = 0x8000;
    private static final int SEGMENT = 0xF_0000;

    private Trampoline() {}

    /// @param rom what the guest finds at 0xE0000; the code goes into it
    static void install(byte[] rom, EntryState state) {
        var code = code(state);
        System.arraycopy(code, 0, rom, SEGMENT - ROM_BASE + CODE_AT, code.length);
        // At reset: a near jump from FFF0 to 8000 in the same segment.
        int reset = rom.length - 16;
        rom[reset] = (byte) 0xE9;
        int distance = CODE_AT + 16 - (0xFFF0 + 3);
        rom[reset + 1] = (byte) distance;
        rom[reset + 2] = (byte) (distance >> 8);
    }

    private static byte[] code(EntryState state) {
        var a = new Asm(SEGMENT + CODE_AT);
        // The first 16 bytes: what LGDT reads, then a flat GDT in the same places as the loader's.
        a.dw(31);
        a.ddLabel("gdt");
        a.align(16);
        a.bits16();
        a.plain(Plain.CLI);
        // CS override: the only segment whose base reaches the ROM now.
        a.db(0x2E);
        a.lgdt(Mem.absolute(CODE_AT));
        a.mov(EAX, 0x11);
        a.mov(CR0, EAX);
        a.jmpFar(EntryState.CODE_SELECTOR, "protected");
        a.align(8);
        a.label("gdt");
        a.dq(0);
        a.dq(0);
        a.dq(0x00CF_9B00_0000_FFFFL);
        a.dq(0x00CF_9300_0000_FFFFL);
        a.bits32();
        a.label("protected");
        a.mov(EAX, EntryState.DATA_SELECTOR);
        for (var segment : new Reg[] {DS, ES, SS, FS, GS}) {
            a.mov(segment, EAX);
        }
        a.mov(AL, 2);
        a.out(0x92, AL);
        config(a, 0x60, 0xB000_0001);
        config(a, 0xF840, 0x601);
        config(a, 0xF844, 0x80);
        enter(a, state);
        return a.assemble();
    }

    private static void config(Asm a, int register, int value) {
        a.mov(DX, 0xCF8);
        a.mov(EAX, 0x8000_0000L | register);
        a.outDx(EAX);
        a.mov(DX, 0xCFC);
        a.mov(EAX, value & 0xFFFF_FFFFL);
        a.outDx(EAX);
    }

    private static void enter(Asm a, EntryState state) {
        switch (state) {
            case EntryState.LongMode entry -> {
                a.mov(ESI, entry.rsi().bits());
                a.mov(EBX, entry.rip().bits());
                loadTables(a, entry.gdt().bits(), entry.gdtLimit());
                a.mov(EAX, 1 << 5);
                a.mov(CR4, EAX);
                a.mov(EAX, entry.cr3().bits());
                a.mov(CR3, EAX);
                a.mov(ECX, 0xC000_0080L);
                a.plain(Plain.RDMSR);
                a.or(EAX, 1 << 8);
                a.plain(Plain.WRMSR);
                a.mov(EAX, 0x8000_0031L);
                a.mov(CR0, EAX);
                a.jmpFar(EntryState.CODE_SELECTOR, "last");
                a.bits64();
                a.label("last");
                a.jmp(Reg.RBX);
            }
            case EntryState.Protected32 entry -> {
                loadTables(a, entry.gdt().bits(), entry.gdtLimit());
                a.mov(EBX, entry.ebx() & 0xFFFF_FFFFL);
                a.mov(EAX, entry.eax() & 0xFFFF_FFFFL);
                a.mov(ECX, entry.eip() & 0xFFFF_FFFFL);
                a.jmp(ECX);
            }
            case EntryState.Real16 entry -> throw new IllegalArgumentException("not from protected mode: " + entry);
        }
    }

    /// LGDT takes its operand from memory: two words on a scrap of RAM.
    private static void loadTables(Asm a, long base, int limit) {
        long scrap = 0x500;
        a.mov(AX, limit);
        a.mov(Mem.absolute(scrap), AX);
        a.mov(EAX, base);
        a.mov(Mem.absolute(scrap + 2), EAX);
        a.lgdt(Mem.absolute(scrap));
    }
}
