package io.sluice.guest.baremetal;

import static io.sluice.guest.asm.Reg.CR0;
import static io.sluice.guest.asm.Reg.CR3;
import static io.sluice.guest.asm.Reg.CR4;
import static io.sluice.guest.asm.Reg.DS;
import static io.sluice.guest.asm.Reg.EAX;
import static io.sluice.guest.asm.Reg.EBX;
import static io.sluice.guest.asm.Reg.ECX;
import static io.sluice.guest.asm.Reg.EDI;
import static io.sluice.guest.asm.Reg.ES;
import static io.sluice.guest.asm.Reg.ESP;
import static io.sluice.guest.asm.Reg.SS;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Condition;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Plain;

/// From a multiboot entry to 64-bit code: page tables for the first 4 GiB, EFER, paging, a flat GDT.
///
/// Leaves the address of the multiboot information in EBX and goes on at label `start64`.
final class LongModeEntry {
    /// PML4, PDPT and four page directories.
    static final int TABLES_BYTES = 6 * 4096;

    private static final int CODE = 0x08;
    private static final int DATA = 0x10;
    private static final long CODE_DESCRIPTOR = 0x00AF_9B00_0000_FFFFL;
    private static final long DATA_DESCRIPTOR = 0x00CF_9300_0000_FFFFL;
    private static final int PRESENT_WRITABLE = 3;
    private static final int LARGE_PAGE = 0x83;
    private static final int CR4_PAE_FXSR = 1 << 5 | 1 << 9 | 1 << 10;
    private static final int EFER = 0xC000_0080;
    private static final int EFER_LME = 1 << 8;
    private static final long CR0_PAGING = 0x8001_0023L;

    private LongModeEntry() {}

    /// @param tables page-aligned room of [#TABLES_BYTES], zeroed
    /// @param stackTop where the stack starts
    static void emit(Asm a, long tables, long stackTop) {
        a.bits32();
        a.plain(Plain.CLI);
        a.plain(Plain.CLD);
        a.mov(ESP, stackTop);
        a.mov(Mem.absolute(tables).bytes4(), tables + 4096 | PRESENT_WRITABLE);
        for (int i = 0; i < 4; i++) {
            a.mov(Mem.absolute(tables + 4096 + 8L * i).bytes4(), tables + 4096L * (2 + i) | PRESENT_WRITABLE);
        }
        a.mov(EDI, tables + 2 * 4096);
        a.mov(EAX, LARGE_PAGE);
        a.mov(ECX, 2048);
        a.label("map");
        a.mov(Mem.at(EDI), EAX);
        a.add(EAX, 1 << 21);
        a.add(EDI, 8);
        a.dec(ECX);
        a.j(Condition.NE, "map");

        a.mov(EAX, CR4_PAE_FXSR);
        a.mov(CR4, EAX);
        a.mov(EAX, tables);
        a.mov(CR3, EAX);
        a.mov(ECX, EFER);
        a.plain(Plain.RDMSR);
        a.or(EAX, EFER_LME);
        a.plain(Plain.WRMSR);
        a.mov(EAX, CR0_PAGING);
        a.mov(CR0, EAX);
        a.lgdt(Mem.label("gdtr"));
        a.jmpFar(CODE, "long");

        a.align(8);
        a.label("gdt");
        a.dq(0);
        a.dq(CODE_DESCRIPTOR);
        a.dq(DATA_DESCRIPTOR);
        a.label("gdtr");
        a.dw(23);
        a.ddLabel("gdt");

        a.bits64();
        a.label("long");
        a.mov(ECX, DATA);
        a.mov(DS, ECX);
        a.mov(ES, ECX);
        a.mov(SS, ECX);
        // The upper half of RBX is not defined after the switch.
        a.mov(EBX, EBX);
        a.jmp("start64");
    }
}
