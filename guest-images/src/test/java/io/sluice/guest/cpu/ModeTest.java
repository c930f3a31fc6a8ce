package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Plain;
import io.sluice.guest.asm.Reg;
import io.sluice.vmm.cpu.isa.Insn;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Ways between the modes, and the combinations of control bits that are none.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ModeTest {
    private static void note(Asm a, int value) {
        a.mov(Reg.AL, value);
        a.mov(Reg.DX, Ports.FIRST);
        a.outDx(Reg.AL);
    }

    private static void writeCr(Asm a, Reg control, Reg via, long value) {
        a.mov(via, value);
        a.mov(control, via);
    }

    @Test
    void aGuestGoesFromRealModeThroughAllModesAndBack() {
        try (var rig = Rig.real()) {
            // Page tables for the first 2 MiB as one large page.
            rig.put64(Rig.PML4, Rig.PDPT | 3);
            rig.put64(Rig.PDPT, Rig.DIRECTORY | 3);
            rig.put64(Rig.DIRECTORY, Rig.LARGE | 3);
            rig.put16(Rig.DATA, 0xFF);
            rig.put32(Rig.DATA + 2, Rig.GDT);
            rig.cpu.gdtBase = 0;
            int base = Rig.CODE;
            // Offsets are linear from here on, but for real mode, where CS is 1000.
            rig.assemble(16, 0, base, a -> {
                note(a, 16);
                // lgdt [DATA], by a 32-bit address
                a.lgdt(Mem.absolute(0xFFF0));
                a.mov(Reg.EAX, 0x11);
                a.mov(Reg.CR0, Reg.EAX);
                a.jmpFar(Rig.CS32, "protected");
                a.bits32();
                a.label("protected");
                a.mov(Reg.EAX, Rig.DS);
                a.mov(Reg.DS, Reg.EAX);
                a.mov(Reg.SS, Reg.EAX);
                note(a, 32);
                writeCr(a, Reg.CR4, Reg.EAX, 1 << 5);
                writeCr(a, Reg.CR3, Reg.EAX, Rig.PML4);
                a.mov(Reg.ECX, 0xC000_0080L);
                a.plain(Plain.RDMSR);
                a.or(Reg.EAX, 1 << 8);
                a.plain(Plain.WRMSR);
                writeCr(a, Reg.CR0, Reg.EAX, 0x8000_0011L);
                note(a, 33);
                a.jmpFar(Rig.CS64, "long");
                a.bits64();
                a.label("long");
                note(a, 64);
                a.mov(Reg.R8, 0x1234_5678_9ABC_DEF0L);
                a.plain(Plain.RDMSR);
                a.mov(Reg.R9, Reg.RAX);
                a.push((long) Rig.CS32);
                a.movLabel(Reg.RAX, "compatible");
                a.push(Reg.RAX);
                a.retf();
                a.bits32();
                a.label("compatible");
                note(a, 34);
                writeCr(a, Reg.CR0, Reg.EAX, 0x11);
                a.plain(Plain.RDMSR);
                a.mov(Reg.EBX, Reg.EAX);
                note(a, 35);
                a.jmpFar(Rig.CS16, "narrow");
                a.bits16();
                a.label("narrow");
                note(a, 17);
                a.mov(Reg.EAX, 0x10);
                a.mov(Reg.CR0, Reg.EAX);
                // jmp 0000:real is 16 bits wide and cannot reach 0x1xxxx: go by 1000:.
                a.db(0xEA);
                a.dw(a.position() + 4);
                a.dw(base >> 4);
                note(a, 18);
            });
            rig.put16(0xFFF0, 0xFF);
            rig.put32(0xFFF2, Rig.GDT);
            // The 16-bit code segment covers what lies beyond 64 KiB.
            rig.descriptor(Rig.CS16, Descriptor.segment(0, 0xFFFFF, Descriptor.CODE, 8));

            var stop = rig.run();

            assertThat(rig.ports.written).containsExactly(16L, 32L, 33L, 64L, 34L, 35L, 17L, 18L);
            assertThat(stop.isEnd()).isTrue();
            assertThat(stop.cs()).isEqualTo(base >> 4);
            assertThat(rig.cpu.gpr[9]).isEqualTo(0x500);
            assertThat(rig.cpu.gpr[3]).isEqualTo(0x100);
            assertThat(rig.cpu.gpr[8]).isEqualTo(0x1234_5678_9ABC_DEF0L);
            assertThat(rig.cpu.inProtectedMode()).isFalse();
        }
    }

    /// Writes that are #GP(0) in long mode and leave the register alone.
    @ParameterizedTest(name = "CR{0} := old ^ {1}: {2}")
    @CsvSource({
        "0, 0x100000000, 13",
        "0, 0x00000001, 13",
        "0, 0x20000000, 13",
        "0, 0x60000000, -1",
        "0, 0x80000000, 13",
        "0, 0x00010000, -1",
        "3, 0x10000000000, 13",
        "3, 0x8000000000000000, 13",
        "3, 0x18, -1",
        "4, 0x20, 13",
        "4, 0x1000, 13",
        "4, 0x2000, 13",
        "4, 0x4000, 13",
        "4, 0x400000, 13",
        "4, 0x100000000, 13",
        "4, 0x20000, -1",
        "4, 0x310000, -1",
        "8, 0x10, 13",
        "8, 0xF, -1"
    })
    void controlRegistersRefuseWhatMakesNoSense(int number, String change, int vector) {
        try (var rig = Rig.long64()) {
            rig.handler(13, a -> {
                rig.mark(a, "handler");
                a.plain(Plain.HLT);
            });
            rig.code(a -> {
                // mov rax, crN; xor; mov crN, rax; mov rbx, crN
                int rex = number == 8 ? 0x44 : 0x40;
                int reg = (number & 7) << 3;
                a.db(rex, 0x0F, 0x20, 0xC0 | reg);
                a.mov(Reg.RCX, Long.parseUnsignedLong(change.substring(2), 16));
                a.xor(Reg.RAX, Reg.RCX);
                rig.mark(a, "write");
                a.db(rex, 0x0F, 0x22, 0xC0 | reg);
            });
            long before = number == 0 ? rig.cpu.cr0 : number == 4 ? rig.cpu.cr4 : rig.cpu.cr3;

            var stop = rig.run();

            assertThat(stop.rip() - 1).isEqualTo(vector > 0 ? rig.at("handler") : rig.at("end"));
            long after = number == 0 ? rig.cpu.cr0 : number == 4 ? rig.cpu.cr4 : rig.cpu.cr3;
            if (vector > 0) {
                assertThat(after).isEqualTo(before);
                assertThat(rig.get64(rig.cpu.gpr[4])).isZero();
                assertThat(rig.get64(rig.cpu.gpr[4] + 8)).isEqualTo(rig.at("write"));
            }
        }
    }

    @ParameterizedTest(name = "EFER := old ^ {0}: {1}")
    @CsvSource({"0x100, 13", "0x2, 13", "0x1000, 13", "0x1, -1", "0x800, -1", "0x400, -1"})
    void eferRefusesReservedBitsAndLmeUnderPaging(String change, int vector) {
        try (var rig = Rig.long64()) {
            rig.code(a -> {
                a.mov(Reg.ECX, 0xC000_0080L);
                a.plain(Plain.RDMSR);
                a.xor(Reg.EAX, Integer.decode(change));
                rig.mark(a, "write");
                a.plain(Plain.WRMSR);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(vector);
            assertThat(rig.cpu.inLongMode()).isTrue();
        }
    }

    /// What must be there before CR0.PG enters long mode.
    @ParameterizedTest(name = "CR4 {0}, CS.L {1}, task type {2}: {3}")
    @CsvSource({"0x20, false, 0x8B, -1", "0x00, false, 0x8B, 13", "0x20, true, 0x8B, 13", "0x20, false, 0x83, 13"})
    void longModeIsEnteredOnlyFromWhereItMayBe(String cr4, boolean isLong, String task, int vector) {
        try (var rig = Rig.protected32()) {
            rig.put64(Rig.PML4, Rig.PDPT | 3);
            rig.put64(Rig.PDPT, Rig.LARGE | 3);
            rig.cpu.cr3 = Rig.PML4;
            rig.cpu.cr4 = Long.decode(cr4);
            rig.cpu.efer = 0x100;
            rig.cpu.tr.access = Integer.decode(task);
            rig.cpu.segments[Insn.CS].access |= isLong ? 0x2000 : 0;
            rig.code(a -> {
                a.mov(Reg.EAX, Reg.CR0);
                a.or(Reg.EAX, 0x8000_0000L);
                rig.mark(a, "write");
                a.mov(Reg.CR0, Reg.EAX);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(vector);
            assertThat(rig.cpu.inLongMode()).isEqualTo(vector < 0);
        }
    }

    @Test
    void longModeIsNotLeftFrom64BitCode() {
        try (var rig = Rig.long64()) {
            rig.code(a -> {
                a.mov(Reg.RAX, Reg.CR0);
                a.btr(Reg.RAX, 31);
                a.mov(Reg.CR0, Reg.RAX);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(13);
            assertThat(rig.cpu.inLongMode()).isTrue();
        }
    }

    @ParameterizedTest(name = "CR3 {0}: {1}")
    @CsvSource({"0x1000, -1", "0x1001, 13"})
    void pcidsAreTurnedOnOnlyWithPcidZero(String cr3, int vector) {
        try (var rig = Rig.long64()) {
            rig.cpu.cr3 = Long.decode(cr3);
            rig.code(a -> {
                a.mov(Reg.RAX, Reg.CR4);
                a.bts(Reg.RAX, 17);
                a.mov(Reg.CR4, Reg.RAX);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(vector);
        }
    }

    @ParameterizedTest(name = "CR{0} at level {1}: {2}")
    @CsvSource({"1, 0, 6", "5, 0, 6", "7, 0, 6", "1, 3, 6", "0, 3, 13", "3, 3, 13", "8, 3, 13"})
    void controlRegistersThatDoNotExistAreUndefinedAtEveryLevel(int number, int level, int vector) {
        try (var rig = level == 0 ? Rig.long64() : Rig.user64()) {
            rig.code(a -> a.db(number == 8 ? 0x44 : 0x40, 0x0F, 0x20, 0xC0 | (number & 7) << 3));

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(vector);
        }
    }

    // ---- 32-bit paging and PAE

    private static Rig paged32(boolean pae) {
        var rig = Rig.protected32();
        rig.cpu.cr0 |= Rig.PG;
        rig.cpu.cr3 = Rig.PML4;
        if (pae) {
            rig.cpu.cr4 = 1 << 5;
            rig.put64(Rig.PML4, Rig.DIRECTORY | 1);
            for (int i = 0; i < 4; i++) {
                rig.put64(Rig.DIRECTORY + 8 * i, i << 21 | Rig.LARGE | 3);
            }
            rig.interpreter.core().mmu.loadPdptes(Rig.PML4);
        } else {
            rig.cpu.cr4 = 1 << 4;
            rig.put32(Rig.PML4, Rig.LARGE | 3);
            rig.put32(Rig.PML4 + 4, Rig.TABLE | 7);
            rig.put32(Rig.TABLE, Rig.DATA | 3);
        }
        return rig;
    }

    @Test
    void pagesOf4KilobytesAnd4MegabytesTranslateAndAreMarked() {
        try (var rig = paged32(false)) {
            rig.code(a -> {
                a.mov(Reg.EAX, 0x55);
                a.mov(Mem.absolute(0x40_0010), Reg.EAX);
                a.mov(Reg.EBX, Mem.absolute(Rig.DATA + 0x10));
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rig.cpu.gpr[3]).isEqualTo(0x55);
            assertThat(rig.get32(Rig.PML4)).isEqualTo(Rig.LARGE | 3 | Rig.ACCESSED);
            assertThat(rig.get32(Rig.PML4 + 4)).isEqualTo(Rig.TABLE | 7 | Rig.ACCESSED);
            assertThat(rig.get32(Rig.TABLE)).isEqualTo(Rig.DATA | 3 | Rig.ACCESSED | Rig.DIRTY);
        }
    }

    @ParameterizedTest(name = "PDE {0}, PTE {1}: {2}")
    @CsvSource({
        "0x4000, 0x20003, 0",
        "0x4001, 0x20002, 0",
        "0x4001, 0x20001, -1",
        "0x2000C1, 0, 9",
        "0xC1, 0, -1",
        "0x20C1, 0, 0"
    })
    void a32BitWalkHasItsOwnReservedBit(String directory, String table, int code) {
        try (var rig = paged32(false)) {
            rig.put32(Rig.PML4 + 4, Integer.decode(directory));
            rig.put32(Rig.TABLE, Integer.decode(table));
            rig.code(a -> a.mov(Reg.EAX, Mem.absolute(0x40_0000)));

            var stop = rig.run();

            if (directory.equals("0x20C1")) {
                // PSE-36: physical 1_0000_0000, where nothing is.
                assertThat(rig.cpu.gpr[0]).isEqualTo(0xFFFF_FFFFL);
            } else {
                assertThat(stop.code()).isEqualTo(code);
                assertThat(rig.cpu.cr2).isEqualTo(code < 0 ? 0 : 0x40_0000);
            }
        }
    }

    @ParameterizedTest(name = "pointer {0}: {1}")
    @CsvSource({
        "0x3001, -1",
        "0x3003, 13",
        "0x3005, 13",
        "0x3021, 13",
        "0x30C1, 13",
        "0x8000000000003001, 13",
        "0x0010000000003001, 13",
        "0x10000003001, 13",
        "0x3218, -1"
    })
    void paePointersAreCheckedWhenCr3IsLoaded(String pointer, int vector) {
        try (var rig = paged32(true)) {
            rig.put64(Rig.PML4 + 8, Long.parseUnsignedLong(pointer.substring(2), 16));
            rig.code(a -> {
                a.mov(Reg.EAX, Reg.CR3);
                rig.mark(a, "write");
                a.mov(Reg.CR3, Reg.EAX);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(vector);
            if (vector > 0) {
                assertThat(stop.rip()).isEqualTo(rig.at("write"));
            }
        }
    }

    @Test
    void paePointersAreRegistersUntilTheyAreLoadedAgain() {
        try (var rig = paged32(true)) {
            rig.code(a -> {
                a.mov(Mem.absolute(Rig.PML4).bytes4(), 0);
                a.invlpg(Mem.absolute(0));
                a.mov(Reg.EBX, Mem.absolute(Rig.DATA));
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
        }
    }
}
