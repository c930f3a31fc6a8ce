package io.sluice.guest.cpu;

import static io.sluice.guest.cpu.Rig.DATA;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Condition;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Reg;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Code above the middle of the address space, where kernels have theirs, in two contexts: in global pages it outlives
/// a change of context, in others never (SDM volume 3, section 4.10.2.4).
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GlobalCodeTest {
    private static final long PGE = 1 << 7;
    private static final long PCIDE = 1 << 17;
    private static final long UPPER = 0xFFFF_8000_0000_0000L;
    private static final long NEXT = UPPER + 0x1000;
    /// `mov eax, 1; ret`, and the same with 2.
    private static final int ONE = 0x1_4000;

    private static final int TWO = 0x1_5000;
    private static final int ROUNDS = 200;

    /// The first context and the second: PML4, PCID, and the table of [#UPPER].
    private static final int[] PML4 = {Rig.PML4, DATA + 0x8000};

    private static final int[] PCID = {5, 6};
    private static final int[] TABLE = {DATA + 0xB000, DATA + 0xE000};

    private static Rig rig(long features) {
        var rig = Rig.long64();
        rig.put(ONE, 0xB8, 1, 0, 0, 0, 0xC3);
        rig.put(TWO, 0xB8, 2, 0, 0, 0, 0xC3);
        rig.put64(PML4[1], rig.get64(Rig.PML4));
        for (int context = 0; context < 2; context++) {
            int directory = TABLE[context] - 0x1000;
            int pdpt = TABLE[context] - 0x2000;
            rig.put64(PML4[context] + 8 * 256, pdpt | Rig.TABLE_ENTRY);
            rig.put64(pdpt, directory | Rig.TABLE_ENTRY);
            rig.put64(directory, TABLE[context] | Rig.TABLE_ENTRY);
        }
        rig.cpu.cr4 |= features;
        if ((features & PCIDE) != 0) {
            rig.cpu.cr3 = Rig.PML4 | PCID[0];
        }
        return rig;
    }

    /// Maps a page at [#UPPER] or [#NEXT].
    private static void map(Rig rig, int context, long linear, long entry) {
        rig.put64(TABLE[context] + 8 * (linear >> 12 & 0x1FF), entry);
    }

    private static void change(Asm a, int context, long features) {
        boolean pcids = (features & PCIDE) != 0;
        a.mov(Reg.RSI, PML4[context] | (pcids ? Long.MIN_VALUE | PCID[context] : 0));
        a.mov(Reg.CR3, Reg.RSI);
    }

    /// Calls what is at `linear` and adds what it returns to `sum`.
    private static void call(Asm a, long linear, Reg sum) {
        a.mov(Reg.RSI, linear);
        a.call(Reg.RSI);
        a.add(sum, Reg.RAX);
    }

    private static void loop(Asm a, Runnable body) {
        a.mov(Reg.RBX, 0);
        a.mov(Reg.RBP, 0);
        a.mov(Reg.EDI, ROUNDS);
        a.label("again");
        body.run();
        a.dec(Reg.EDI);
        a.j(Condition.NE, "again");
    }

    @ParameterizedTest(name = "CR4.PGE {0}, G {1}, CR4.PCIDE {2}")
    @CsvSource({"true, false, true", "true, false, false", "false, true, true", "false, true, false"})
    void codeThatIsNotGlobalGoesByTheContext(boolean pge, boolean global, boolean pcide) {
        long features = (pge ? PGE : 0) | (pcide ? PCIDE : 0);
        try (var rig = rig(features)) {
            map(rig, 0, UPPER, ONE | Rig.PRESENT | (global ? Rig.GLOBAL : 0));
            map(rig, 1, UPPER, TWO | Rig.PRESENT | (global ? Rig.GLOBAL : 0));
            rig.code(a -> loop(a, () -> {
                change(a, 1, features);
                call(a, UPPER, Reg.RBP);
                change(a, 0, features);
                call(a, UPPER, Reg.RBX);
            }));

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rig.cpu.gpr[3]).isEqualTo(ROUNDS);
            assertThat(rig.cpu.gpr[5]).isEqualTo(2 * ROUNDS);
        }
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"INVLPG", "CR4.PGE", "INVPCID 2"})
    void globalCodeThatWasMappedElsewhereIsGoneInAllContextsOnceItIsInvalidated(String how) {
        long features = PGE | PCIDE;
        try (var rig = rig(features)) {
            for (int context = 0; context < 2; context++) {
                map(rig, context, UPPER, ONE | Rig.PRESENT | Rig.GLOBAL);
            }
            rig.code(a -> {
                loop(a, () -> {
                    change(a, 1, features);
                    call(a, UPPER, Reg.RBP);
                    change(a, 0, features);
                    call(a, UPPER, Reg.RBX);
                });
                for (int table : TABLE) {
                    a.mov(Mem.absolute(table).bytes4(), TWO | Rig.PRESENT | Rig.GLOBAL);
                }
                invalidate(a, how);
                call(a, UPPER, Reg.RBX);
                change(a, 1, features);
                call(a, UPPER, Reg.RBP);
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rig.cpu.gpr[3]).isEqualTo(ROUNDS + 2);
            assertThat(rig.cpu.gpr[5]).isEqualTo(ROUNDS + 2);
        }
    }

    private static void invalidate(Asm a, String how) {
        switch (how) {
            case "INVLPG" -> {
                a.mov(Reg.RSI, UPPER);
                a.invlpg(Mem.at(Reg.RSI));
            }
            case "CR4.PGE" -> {
                for (int i = 0; i < 2; i++) {
                    a.mov(Reg.RDX, Reg.CR4);
                    a.xor(Reg.RDX, PGE);
                    a.mov(Reg.CR4, Reg.RDX);
                }
            }
            default -> {
                a.mov(Mem.absolute(DATA).bytes8(), 0);
                a.mov(Mem.absolute(DATA + 8).bytes8(), 0);
                a.mov(Reg.RCX, 2);
                a.mov(Reg.RDX, DATA);
                a.db(0x66, 0x0F, 0x38, 0x82, 0x0A);
            }
        }
    }

    /// The first page that is not global comes when much is cached of global ones.
    @Test
    void globalCodeAndOtherCodeDoNotMix() {
        long features = PGE | PCIDE;
        try (var rig = rig(features)) {
            map(rig, 0, UPPER, ONE | Rig.PRESENT | Rig.GLOBAL);
            map(rig, 1, UPPER, ONE | Rig.PRESENT | Rig.GLOBAL);
            map(rig, 0, NEXT, ONE | Rig.PRESENT);
            map(rig, 1, NEXT, TWO | Rig.PRESENT);
            rig.code(a -> {
                for (int i = 0; i < 20; i++) {
                    call(a, UPPER, Reg.RDX);
                }
                loop(a, () -> {
                    change(a, 1, features);
                    call(a, UPPER, Reg.RBP);
                    call(a, NEXT, Reg.RBP);
                    change(a, 0, features);
                    call(a, UPPER, Reg.RBX);
                    call(a, NEXT, Reg.RBX);
                });
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rig.cpu.gpr[3]).isEqualTo(2 * ROUNDS);
            assertThat(rig.cpu.gpr[5]).isEqualTo(3 * ROUNDS);
        }
    }

    @Test
    void invlpgDropsAllPiecesOfAHugePage() {
        int directory = DATA + 0x9000;
        long huge = 1L << 30;
        try (var rig = Rig.long64()) {
            rig.put64(DATA, 0x0A);
            rig.put64(0x20_0000 + DATA, 0x0C);
            rig.put64(Rig.PDPT + 8, Rig.LARGE | 3);
            rig.put64(directory, 0x20_0000 | Rig.LARGE | 3);
            rig.code(a -> {
                a.mov(Reg.RAX, Mem.absolute((int) huge + DATA));
                a.mov(Mem.absolute(Rig.PDPT + 8).bytes8(), directory | Rig.TABLE_ENTRY);
                a.invlpg(Mem.absolute((int) (2 * huge - 0x1000)));
                a.mov(Reg.RBX, Mem.absolute((int) huge + DATA));
            });

            rig.run();

            assertThat(rig.cpu.gpr[0]).isEqualTo(0x0A);
            assertThat(rig.cpu.gpr[3]).isEqualTo(0x0C);
        }
    }
}
