package io.sluice.guest.cpu;

import static io.sluice.guest.cpu.Rig.DATA;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Reg;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// After an invalidation a translation is never the old one; before it, it may be.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TlbTest {
    private static final long PCIDE = 1 << 17;
    private static final int OTHER = DATA + 0x1000;
    /// A second PML4 that maps the same.
    private static final int PML4_2 = DATA + 0x8000;

    private static Rig rig() {
        var rig = Rig.long64();
        rig.put64(DATA, 0x0A);
        rig.put64(OTHER, 0x0B);
        rig.put64(PML4_2, rig.get64(Rig.PML4));
        return rig;
    }

    /// Reads DATA, points its entry at OTHER, invalidates, reads again into RBX.
    private static void remap(Asm a, Runnable invalidate) {
        a.mov(Reg.RAX, Mem.absolute(DATA));
        a.mov(Mem.absolute(Rig.entryOf(DATA)).bytes8(), OTHER | 3);
        invalidate.run();
        a.mov(Reg.RBX, Mem.absolute(DATA));
    }

    private static void reloadCr3(Asm a) {
        a.mov(Reg.RDX, Reg.CR3);
        a.mov(Reg.CR3, Reg.RDX);
    }

    private static void toggle(Asm a, Reg control, int bit) {
        a.mov(Reg.RDX, control);
        a.xor(Reg.RDX, 1L << bit);
        a.mov(control, Reg.RDX);
        a.xor(Reg.RDX, 1L << bit);
        a.mov(control, Reg.RDX);
    }

    /// INVPCID of type RCX with the descriptor at DATA + 0x2000.
    private static void invpcid(Asm a, int type, int pcid, long linear) {
        a.mov(Mem.absolute(DATA + 0x2000).bytes8(), pcid);
        a.mov(Reg.RCX, linear);
        a.mov(Mem.absolute(DATA + 0x2008), Reg.RCX);
        a.mov(Reg.RCX, type);
        a.mov(Reg.RDX, DATA + 0x2000);
        a.db(0x66, 0x0F, 0x38, 0x82, 0x0A);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"INVLPG", "CR3", "CR4.PGE", "CR0.WP", "INVPCID 0", "INVPCID 1", "INVPCID 2", "INVPCID 3"})
    void everyInvalidationDropsTheOldTranslation(String how) {
        try (var rig = rig()) {
            rig.code(a -> remap(a, () -> {
                switch (how) {
                    case "INVLPG" -> a.invlpg(Mem.absolute(DATA + 0x123));
                    case "CR3" -> reloadCr3(a);
                    case "CR4.PGE" -> toggle(a, Reg.CR4, 7);
                    case "CR0.WP" -> toggle(a, Reg.CR0, 16);
                    default -> invpcid(a, how.charAt(8) - '0', 0, DATA + 8);
                }
            }));

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rig.cpu.gpr[0]).isEqualTo(0x0A);
            assertThat(rig.cpu.gpr[3]).isEqualTo(0x0B);
        }
    }

    @Test
    void invlpgDropsAllPiecesOfALargePage() {
        try (var rig = rig()) {
            rig.put64(Rig.DIRECTORY + 16, Rig.LARGE | 3);
            rig.put64(Rig.DIRECTORY + 24, 0x20_0000 | Rig.LARGE | 3);
            rig.put64(0x20_0000 + DATA, 0x0C);
            rig.code(a -> {
                a.mov(Reg.RAX, Mem.absolute(0x40_0000 + DATA));
                a.mov(Mem.absolute(Rig.DIRECTORY + 16).bytes8(), 0x20_0000 | Rig.LARGE | 3);
                a.invlpg(Mem.absolute(0x5F_F000));
                a.mov(Reg.RBX, Mem.absolute(0x40_0000 + DATA));
            });

            rig.run();

            assertThat(rig.cpu.gpr[0]).isEqualTo(0x0A);
            assertThat(rig.cpu.gpr[3]).isEqualTo(0x0C);
        }
    }

    @Test
    void aWriteRightThatWasTakenAwayIsGoneAfterInvlpg() {
        try (var rig = rig()) {
            rig.code(a -> {
                a.mov(Mem.absolute(DATA), Reg.RAX);
                a.mov(Mem.absolute(Rig.entryOf(DATA)).bytes8(), DATA | 1);
                a.invlpg(Mem.absolute(DATA));
                rig.mark(a, "store");
                a.mov(Mem.absolute(DATA), Reg.RAX);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(14);
            assertThat(stop.code()).isEqualTo(3);
            assertThat(stop.rip()).isEqualTo(rig.at("store"));
        }
    }

    @Test
    void aRightThatWasGivenNeedsNoInvalidation() {
        try (var rig = rig()) {
            rig.map(DATA, DATA | 1);
            rig.handler(14, a -> {
                a.mov(Mem.absolute(Rig.entryOf(DATA)).bytes8(), DATA | 3);
                a.inc(Reg.RCX);
                a.add(Reg.RSP, 8);
                a.iret();
            });
            rig.code(a -> {
                a.mov(Reg.RAX, Mem.absolute(DATA));
                a.mov(Reg.EAX, 5);
                a.mov(Mem.absolute(DATA), Reg.RAX);
            });

            rig.run();

            assertThat(rig.cpu.gpr[1]).isEqualTo(1);
            assertThat(rig.get64(DATA)).isEqualTo(5);
        }
    }

    @Test
    void aDirtyBitThatWasClearedIsSetAgainAfterInvlpg() {
        try (var rig = rig()) {
            rig.code(a -> {
                a.mov(Mem.absolute(DATA), Reg.RAX);
                a.btr(Mem.absolute(Rig.entryOf(DATA)).bytes8(), 6);
                a.invlpg(Mem.absolute(DATA));
                a.mov(Mem.absolute(DATA), Reg.RAX);
            });

            rig.run();

            assertThat(rig.entry(DATA) & Rig.DIRTY).isEqualTo(Rig.DIRTY);
        }
    }

    /// With PCIDs: context 5 reads, its entry changes, context 6 is entered and left; bit 63 keeps what was there.
    @ParameterizedTest(name = "INVPCID type {0} of {1}, then back without a flush: {2}")
    @CsvSource({"0, 5, 0x0B", "1, 5, 0x0B", "2, 0, 0x0B", "3, 0, 0x0B"})
    void invpcidReachesAContextThatIsNotTheCurrentOne(int type, int pcid, String expected) {
        try (var rig = rig()) {
            rig.cpu.cr4 |= PCIDE;
            rig.cpu.cr3 = Rig.PML4 | 5;
            rig.code(a -> {
                a.mov(Reg.RAX, Mem.absolute(DATA));
                a.mov(Reg.RSI, PML4_2 | 6);
                a.mov(Reg.CR3, Reg.RSI);
                a.mov(Mem.absolute(Rig.entryOf(DATA)).bytes8(), OTHER | 3);
                invpcid(a, type, pcid, DATA);
                a.mov(Reg.RSI, Long.MIN_VALUE | Rig.PML4 | 5);
                a.mov(Reg.CR3, Reg.RSI);
                a.mov(Reg.RBX, Mem.absolute(DATA));
                a.mov(Reg.RDI, Reg.CR3);
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rig.cpu.gpr[3]).isEqualTo(Long.decode(expected));
            assertThat(rig.cpu.gpr[7]).isEqualTo(Rig.PML4 | 5);
        }
    }

    @Test
    void contextsDoNotMix() {
        try (var rig = rig()) {
            // The other context maps the first gigabyte with other tables: DATA leads to OTHER.
            int pdpt = DATA + 0x9000;
            int directory = DATA + 0xA000;
            int table = DATA + 0xB000;
            rig.put64(PML4_2, pdpt | Rig.TABLE_ENTRY);
            rig.put64(pdpt, directory | Rig.TABLE_ENTRY);
            rig.put64(directory, table | Rig.TABLE_ENTRY);
            for (int page = 0; page < 0x10_0000; page += 0x1000) {
                rig.put64(table + 8 * (page >> 12), (page == DATA ? OTHER : page) | 3);
            }
            rig.cpu.cr4 |= PCIDE;
            rig.cpu.cr3 = Rig.PML4 | 5;
            rig.code(a -> {
                for (int i = 0; i < 3; i++) {
                    a.shl(Reg.RBX, 8);
                    a.mov(Reg.RSI, Long.MIN_VALUE | PML4_2 | 6);
                    a.mov(Reg.CR3, Reg.RSI);
                    a.add(Reg.RBX, Mem.absolute(DATA));
                    a.shl(Reg.RBX, 8);
                    a.mov(Reg.RSI, Long.MIN_VALUE | Rig.PML4 | 5);
                    a.mov(Reg.CR3, Reg.RSI);
                    a.add(Reg.RBX, Mem.absolute(DATA));
                }
            });

            rig.run();

            assertThat(rig.cpu.gpr[3]).isEqualTo(0x0B_0A_0B_0A_0B_0AL);
        }
    }

    @ParameterizedTest(name = "INVPCID type {0}, PCID {1}, {2}: {3}")
    @CsvSource({
        "4, 0, 0, 13",
        "0, 1, 0, 13",
        "1, 1, 0, 13",
        "0, 4096, 0, 13",
        "1, 4096, 0, 13",
        "0, 0, 0x800000000000, 13",
        "2, 4096, 0, -1",
        "3, 1, 0, -1",
        "0, 0, 0, -1",
        "1, 0, 0x800000000000, -1"
    })
    void invpcidChecksItsDescriptor(int type, int pcid, String linear, int vector) {
        try (var rig = rig()) {
            rig.code(a -> invpcid(a, type, pcid, Long.decode(linear)));

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(vector);
        }
    }

    @Test
    void thousandsOfContextSwitchesNeverShowAnOldTranslation() {
        try (var rig = rig()) {
            // Each round changes the entry and reloads CR3: more rounds than there are context numbers.
            rig.code(a -> {
                a.mov(Reg.ECX, 10_000);
                a.mov(Reg.ESI, OTHER | 3);
                a.mov(Reg.EDI, DATA | 3);
                rig.mark(a, "round");
                a.mov(Mem.absolute(Rig.entryOf(DATA)), Reg.RSI);
                reloadCr3(a);
                a.cmp(Mem.absolute(DATA).bytes4(), 0x0B);
                a.j(io.sluice.guest.asm.Condition.NE, "wrong");
                a.mov(Mem.absolute(Rig.entryOf(DATA)), Reg.RDI);
                reloadCr3(a);
                a.cmp(Mem.absolute(DATA).bytes4(), 0x0A);
                a.j(io.sluice.guest.asm.Condition.NE, "wrong");
                a.dec(Reg.ECX);
                a.j(io.sluice.guest.asm.Condition.NE, "round");
                a.label("wrong");
            });

            rig.run();

            assertThat(rig.cpu.gpr[1]).isZero();
        }
    }
}
