package io.sluice.guest.cpu;

import static io.sluice.guest.cpu.Rig.ACCESSED;
import static io.sluice.guest.cpu.Rig.DATA;
import static io.sluice.guest.cpu.Rig.DIRECTORY;
import static io.sluice.guest.cpu.Rig.DIRTY;
import static io.sluice.guest.cpu.Rig.LARGE;
import static io.sluice.guest.cpu.Rig.NX;
import static io.sluice.guest.cpu.Rig.PDPT;
import static io.sluice.guest.cpu.Rig.PML4;
import static io.sluice.guest.cpu.Rig.PRESENT;
import static io.sluice.guest.cpu.Rig.USER;
import static io.sluice.guest.cpu.Rig.USER_DATA;
import static io.sluice.guest.cpu.Rig.WRITABLE;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Reg;
import io.sluice.vmm.cpu.state.CpuState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// 4-level paging: who may access what, with which error code, and which bits it leaves in the tables.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PagingTest {
    private static final int PF = 14;
    private static final long SMEP = 1 << 20;
    private static final long SMAP = 1 << 21;
    private static final int WP = 1 << 16;

    private static void load(Asm a, long address) {
        a.mov(Reg.RAX, Mem.absolute(address));
    }

    private static void store(Asm a, long address) {
        a.mov(Mem.absolute(address), Reg.RAX);
    }

    /// Error code of one access to a page with these bits; -1 if it is allowed.
    ///
    /// `access` is R, W or X; `controls` names CR0.WP, CR4.SMEP, CR4.SMAP and EFLAGS.AC when they are set.
    @ParameterizedTest(name = "level {0} {1} of [{2}] with [{3}] gives {4}")
    @CsvSource(textBlock = """
                    # supervisor
                    0, R, '',        WP,           0
                    0, W, '',        WP,           2
                    0, X, '',        WP,           16
                    0, R, P,         WP,           -1
                    0, W, P,         WP,           3
                    0, W, P,         '',           -1
                    0, W, P W,       WP,           -1
                    0, X, P,         WP,           -1
                    0, X, P NX,      WP,           17
                    0, R, P NX,      WP,           -1
                    0, R, P U,       WP,           -1
                    0, W, P W U,     WP,           -1
                    0, W, P U,       WP,           3
                    0, W, P U,       '',           -1
                    0, X, P U,       WP,           -1
                    0, X, P U,       WP SMEP,      17
                    0, X, P,         WP SMEP,      -1
                    0, R, P U,       WP SMAP,      1
                    0, W, P W U,     WP SMAP,      3
                    0, W, P U,       SMAP,         3
                    0, R, P U,       WP SMAP AC,   -1
                    0, W, P W U,     WP SMAP AC,   -1
                    0, W, P U,       WP SMAP AC,   3
                    0, X, P U,       WP SMAP,      -1
                    0, R, P RSVD,    WP,           9
                    0, W, P W RSVD,  WP,           11
                    0, X, P RSVD,    WP,           25
                    # a page that is not there has no reserved bits
                    0, R, RSVD,      WP,           0
                    # user
                    3, R, '',        WP,           4
                    3, W, '',        WP,           6
                    3, X, '',        WP,           20
                    3, R, P,         WP,           5
                    3, W, P W,       WP,           7
                    3, X, P,         WP,           21
                    3, R, P U,       WP,           -1
                    3, W, P U,       WP,           7
                    3, W, P U,       '',           7
                    3, W, P W U,     WP,           -1
                    3, X, P U,       WP SMEP SMAP, -1
                    3, R, P U,       WP SMEP SMAP, -1
                    3, X, P U NX,    WP,           21
                    3, R, P U RSVD,  WP,           13
                    3, W, P W U RSVD,WP,           15
                    """)
    void anErrorCodeSaysWhatWasAskedAndWhyItWasRefused(
            int level, String access, String bits, String controls, int expected) {
        try (var rig = level == 0 ? Rig.long64() : Rig.user64()) {
            long page = 0x13_0000;
            set(rig, controls);
            rig.map(page, page | bits(bits));
            rig.put(page + 0x10, 0xC3);
            rig.code(a -> {
                switch (access) {
                    case "R" -> load(a, page + 0x10);
                    case "W" -> store(a, page + 0x18);
                    default -> {
                        a.mov(Reg.RBX, page + 0x10);
                        a.call(Reg.RBX);
                    }
                }
            });

            var stop = rig.run();

            if (expected < 0) {
                assertThat(stop.isEnd())
                        .as("vector %d code %d", stop.vector(), stop.code())
                        .isTrue();
            } else {
                assertThat(stop.vector()).isEqualTo(PF);
                assertThat(stop.code()).isEqualTo(expected);
                assertThat(rig.cpu.cr2).isEqualTo(access.equals("W") ? page + 0x18 : page + 0x10);
                assertThat(stop.has(CpuState.RF)).isTrue();
                assertThat(rig.entry(page) & (ACCESSED | DIRTY)).isZero();
            }
        }
    }

    private static void set(Rig rig, String controls) {
        if (!controls.contains("WP")) {
            rig.cpu.cr0 &= ~WP;
        }
        if (controls.contains("SMEP")) {
            rig.cpu.cr4 |= SMEP;
        }
        if (controls.contains("SMAP")) {
            rig.cpu.cr4 |= SMAP;
        }
        if (controls.contains("AC")) {
            rig.cpu.systemFlags |= CpuState.AC;
        }
    }

    private static long bits(String names) {
        long bits = 0;
        for (var name : names.split(" ")) {
            bits |= switch (name) {
                case "P" -> PRESENT;
                case "W" -> WRITABLE;
                case "U" -> USER;
                case "NX" -> NX;
                case "RSVD" -> 1L << 45;
                default -> 0;
            };
        }
        return bits;
    }

    @Test
    void aReadSetsAccessedOnTheWayAndAWriteDirtyInTheLeafOnly() {
        try (var rig = Rig.long64()) {
            rig.code(a -> {
                load(a, DATA);
                store(a, DATA + 0x1000);
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rig.get64(PML4) & 0xFFF).isEqualTo(Rig.TABLE_ENTRY | ACCESSED);
            assertThat(rig.get64(PDPT) & 0xFFF).isEqualTo(Rig.TABLE_ENTRY | ACCESSED);
            assertThat(rig.get64(DIRECTORY) & 0xFFF).isEqualTo(Rig.TABLE_ENTRY | ACCESSED);
            assertThat(rig.entry(DATA) & (ACCESSED | DIRTY)).isEqualTo(ACCESSED);
            assertThat(rig.entry(DATA + 0x1000) & (ACCESSED | DIRTY)).isEqualTo(ACCESSED | DIRTY);
            assertThat(rig.entry(DATA + 0x2000) & (ACCESSED | DIRTY)).isZero();
            assertThat(rig.get64(DIRECTORY + 8) & ACCESSED).isZero();
        }
    }

    @Test
    void aPageThatWasReadBecomesDirtyOnItsFirstWrite() {
        try (var rig = Rig.long64()) {
            rig.code(a -> {
                load(a, DATA);
                a.mov(Reg.RBX, Mem.absolute(Rig.entryOf(DATA)));
                store(a, DATA);
            });

            rig.run();

            assertThat(rig.cpu.gpr[3] & (ACCESSED | DIRTY)).isEqualTo(ACCESSED);
            assertThat(rig.entry(DATA) & (ACCESSED | DIRTY)).isEqualTo(ACCESSED | DIRTY);
        }
    }

    @Test
    void aFailedCompareExchangeStillWrites() {
        try (var rig = Rig.long64()) {
            rig.put64(DATA, 5);
            rig.map(DATA + 0x1000, DATA + 0x1000 | PRESENT);
            rig.code(a -> {
                a.cmpxchg(Mem.absolute(DATA), Reg.RBX);
                rig.mark(a, "second");
                a.cmpxchg(Mem.absolute(DATA + 0x1000), Reg.RBX);
            });

            var stop = rig.run();

            assertThat(rig.entry(DATA) & DIRTY).isEqualTo(DIRTY);
            assertThat(stop.vector()).isEqualTo(PF);
            assertThat(stop.code()).isEqualTo(3);
            assertThat(stop.rip()).isEqualTo(rig.at("second"));
            assertThat(rig.cpu.gpr[0]).isEqualTo(5);
        }
    }

    @ParameterizedTest(name = "bit {1} of level {0} is reserved: {2}")
    @CsvSource({
        "4, 7, 9",
        "4, 40, 9",
        "4, 51, 9",
        "4, 52, -1",
        "4, 62, -1",
        "4, 8, -1",
        "3, 40, 9",
        "3, 51, 9",
        "3, 52, -1",
        "2, 40, 9",
        "2, 51, 9",
        "2, 62, -1",
        "1, 40, 9",
        "1, 51, 9",
        "1, 52, -1",
        "1, 7, -1"
    })
    void reservedBitsFaultAtEveryLevel(int level, int bit, int expected) {
        try (var rig = Rig.long64()) {
            // The second directory entry alone, so that the guest's own pages stay as they are.
            long at = 0x20_0000;
            int place = switch (level) {
                case 4 -> PML4 + 8;
                case 3 -> PDPT + 8;
                case 2 -> DIRECTORY + 8;
                default -> Rig.entryOf(at);
            };
            long linear = switch (level) {
                case 4 -> at | 1L << 39;
                case 3 -> at | 1L << 30;
                default -> at;
            };
            rig.put64(PML4 + 8, rig.get64(PML4));
            rig.put64(PDPT + 8, rig.get64(PDPT));
            rig.put64(place, rig.get64(place) | 1L << bit);
            rig.code(a -> {
                a.mov(Reg.RBX, linear);
                a.mov(Reg.RAX, Mem.at(Reg.RBX));
            });

            var stop = rig.run();

            assertThat(stop.code()).isEqualTo(expected);
            assertThat(stop.vector()).isEqualTo(expected < 0 ? Stop.END : PF);
        }
    }

    @ParameterizedTest(name = "bit {1} of a large page at level {0}: {2}")
    @CsvSource({"2, 12, -1", "2, 13, 9", "2, 20, 9", "3, 12, -1", "3, 13, 9", "3, 29, 9", "2, 40, 9", "3, 40, 9"})
    void largePagesHaveReservedAddressBits(int level, int bit, int expected) {
        try (var rig = Rig.long64()) {
            rig.put64(DIRECTORY + 16, PRESENT | LARGE | (level == 2 ? 1L << bit : 0));
            rig.put64(PDPT + 8, PRESENT | LARGE | (level == 3 ? 1L << bit : 0));
            long linear = level == 2 ? 0x40_0000 : 0x4000_0000;
            rig.code(a -> {
                a.mov(Reg.RBX, linear);
                a.mov(Reg.RAX, Mem.at(Reg.RBX, DATA));
            });
            rig.put64(DATA, 0x1234_5678_9ABCL);

            var stop = rig.run();

            assertThat(stop.code()).isEqualTo(expected);
            assertThat(rig.cpu.gpr[0]).isEqualTo(expected < 0 ? 0x1234_5678_9ABCL : 0);
            assertThat(rig.get64(level == 2 ? DIRECTORY + 16 : PDPT + 8) & (ACCESSED | DIRTY))
                    .isEqualTo(expected < 0 ? ACCESSED : 0);
        }
    }

    @Test
    void noExecuteIsReservedWhileItIsNotEnabled() {
        try (var rig = Rig.long64()) {
            rig.cpu.efer &= ~(1L << 11);
            rig.map(DATA, DATA | PRESENT | NX);
            rig.code(a -> load(a, DATA));

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(PF);
            assertThat(stop.code()).isEqualTo(9);
        }
    }

    @Test
    void aFetchFaultDoesNotSayFetchWithoutNoExecuteAndSmep() {
        try (var rig = Rig.long64()) {
            rig.cpu.efer &= ~(1L << 11);
            rig.map(DATA, 0);
            rig.code(a -> {
                a.mov(Reg.RBX, DATA);
                a.jmp(Reg.RBX);
            });

            var stop = rig.run();

            assertThat(stop.code()).isZero();
            assertThat(stop.rip()).isEqualTo(DATA);
        }
    }

    @ParameterizedTest(name = "without {0} in the directory a {1} is refused with {2}")
    @CsvSource({"4, R, 5", "2, W, 7"})
    void aRightMustBeThereAtEveryLevel(int right, String access, int code) {
        try (var rig = Rig.user64()) {
            long page = 0x20_0000;
            rig.map(page, page | Rig.TABLE_ENTRY);
            rig.put64(DIRECTORY + 8, rig.get64(DIRECTORY + 8) & ~right);
            rig.code(a -> {
                a.mov(Reg.RBX, page);
                a.mov(access.equals("W") ? Mem.at(Reg.RBX) : Mem.absolute(USER_DATA), Reg.RAX);
                a.mov(Reg.RAX, Mem.at(Reg.RBX));
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(PF);
            assertThat(stop.code()).isEqualTo(code);
            assertThat(rig.cpu.cr2).isEqualTo(page);
        }
    }
}
