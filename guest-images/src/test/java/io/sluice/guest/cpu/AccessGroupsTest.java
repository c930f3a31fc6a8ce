package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Condition;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Reg;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Accesses off one register that share a look at the translation cache do what each would do alone.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AccessGroupsTest {
    private static final int HOT_AT = 4;
    /// Enough for the second stage.
    private static final int ROUNDS = 2_000;
    /// The start of a page, which is not where it is in RAM.
    private static final int PAGE = Rig.DATA + 0x1000;
    /// Where it is there.
    private static final int FRAME = Rig.DATA + 0x8000;

    /// Runs `body` many times; its instructions but for the loop are one block.
    private static Rig loop(long rsi, Consumer<Asm> body, Consumer<Asm> then) {
        var rig = Rig.long64(HOT_AT);
        rig.put32(Rig.entryOf(PAGE), FRAME | Rig.PRESENT | Rig.WRITABLE);
        rig.code(a -> {
            a.mov(Reg.RSI, rsi);
            a.call("rounds");
            then.accept(a);
            a.jmp("done");
            a.label("rounds");
            a.mov(Reg.EDI, ROUNDS);
            a.label("again");
            body.accept(a);
            a.dec(Reg.EDI);
            a.j(Condition.NE, "again");
            a.ret();
            a.label("done");
        });
        return rig;
    }

    /// What the guest sees at an address.
    private static long seen(Rig rig, int address) {
        long word = 0;
        for (int i = 7; i >= 0; i--) {
            int at = address + i;
            word = word << 8 | rig.get64(at < PAGE || at >= PAGE + 0x1000 ? at : at - PAGE + FRAME) & 0xFF;
        }
        return word;
    }

    private static void runs(Rig rig) {
        assertThat(rig.run().isEnd()).isTrue();
        assertThat(rig.interpreter.counters().translatedInstructions()).isGreaterThan(2L * ROUNDS);
    }

    private static void threeWords(Asm a) {
        a.inc(Mem.at(Reg.RSI).bytes8());
        a.add(Mem.at(Reg.RSI, 8).bytes8(), 2);
        a.add(Mem.at(Reg.RSI, -8).bytes4(), 3);
        a.mov(Reg.RAX, Mem.at(Reg.RSI, 8).bytes8());
    }

    @Test
    void ofOnePage() {
        try (var rig = loop(PAGE + 64, AccessGroupsTest::threeWords, a -> {})) {
            runs(rig);

            assertThat(seen(rig, PAGE + 64)).isEqualTo(ROUNDS);
            assertThat(seen(rig, PAGE + 72)).isEqualTo(2 * ROUNDS);
            assertThat(seen(rig, PAGE + 56)).isEqualTo(3 * ROUNDS);
            assertThat(rig.cpu.gpr[0]).isEqualTo(2 * ROUNDS);
        }
    }

    /// Wherever the boundary of a page is, within an access too.
    @Test
    void ofTwoPages() {
        for (int before = -8; before <= 16; before++) {
            try (var rig = loop(PAGE - before, AccessGroupsTest::threeWords, a -> {})) {
                runs(rig);

                assertThat(seen(rig, PAGE - before)).as("%d before", before).isEqualTo(ROUNDS);
                assertThat(seen(rig, PAGE - before + 8)).isEqualTo(2 * ROUNDS);
                assertThat(seen(rig, PAGE - before - 8)).isEqualTo(3 * ROUNDS);
                assertThat(rig.cpu.gpr[0]).isEqualTo(2 * ROUNDS);
            }
        }
    }

    /// The page's entry has changed. Once the page before it is known again the accesses go beyond that one.
    private static void crossAgain(Asm a) {
        a.mov(Reg.RSI, PAGE);
        a.invlpg(Mem.at(Reg.RSI));
        a.mov(Reg.RSI, PAGE - 0x100);
        a.call("rounds");
        a.mov(Reg.RSI, PAGE - 8);
        a.call("rounds");
    }

    @Test
    void theSecondPageIsGone() {
        try (var rig = loop(PAGE - 0x100, AccessGroupsTest::threeWords, a -> {
            a.mov(Mem.absolute(Rig.entryOf(PAGE)).bytes4(), 0);
            crossAgain(a);
        })) {
            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(14);
            assertThat(rig.cpu.cr2).isEqualTo(PAGE);
            assertThat(rig.get64(PAGE - 8)).as("what came before").isEqualTo(1);
            assertThat(rig.get64(PAGE - 16)).as("what comes behind").isZero();
        }
    }

    @Test
    void theSecondPageIsReadOnly() {
        try (var rig = loop(PAGE - 0x100, AccessGroupsTest::threeWords, a -> {
            a.mov(Mem.absolute(Rig.entryOf(PAGE)).bytes4(), FRAME | Rig.PRESENT);
            crossAgain(a);
        })) {
            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(14);
            assertThat(rig.cpu.cr2).isEqualTo(PAGE);
            assertThat(rig.get64(PAGE - 8)).isEqualTo(1);
        }
    }

    @Test
    void ofTheStackWhereverItIs() {
        for (int down = 0; down <= 48; down += 4) {
            try (var rig = loop(PAGE + down, AccessGroupsTest::useStack, a -> {})) {
                runs(rig);

                assertThat(rig.cpu.gpr[1]).as("%d behind", down).isEqualTo(5 * ROUNDS);
                assertThat(rig.cpu.gpr[3]).isEqualTo(ROUNDS);
                assertThat(rig.cpu.gpr[6]).isEqualTo(PAGE + down);
            }
        }
    }

    private static void useStack(Asm a) {
        a.mov(Reg.RBP, Reg.RSP);
        a.mov(Reg.RSP, Reg.RSI);
        a.push(Reg.RCX);
        a.push(Reg.RBX);
        a.push(5);
        a.push(Reg.RSI);
        a.sub(Reg.RSP, 8);
        a.inc(Mem.at(Reg.RSP, 24).bytes8());
        a.add(Reg.RSP, 8);
        a.pop(Reg.RSI);
        a.pop(Reg.RDX);
        a.pop(Reg.RBX);
        a.pop(Reg.RCX);
        a.add(Reg.RCX, Reg.RDX);
        a.mov(Reg.RSP, Reg.RBP);
    }

    /// What a register is known to be ends where it is written.
    @Test
    void aRegisterThatIsWrittenBeginsAnew() {
        int first = PAGE;
        int second = PAGE + 0x3000;
        try (var rig = loop(first, AccessGroupsTest::goToAndFro, a -> {})) {
            rig.put32(FRAME + 8, second);
            rig.put32(second + 8, first);
            runs(rig);

            assertThat(seen(rig, first)).isEqualTo(ROUNDS);
            assertThat(seen(rig, second)).isEqualTo(10 * ROUNDS);
            assertThat(seen(rig, first + 16)).isEqualTo(7 * ROUNDS);
            assertThat(seen(rig, second + 16)).isEqualTo(7 * ROUNDS);
        }
    }

    private static void goToAndFro(Asm a) {
        a.inc(Mem.at(Reg.RSI).bytes8());
        a.mov(Reg.RSI, Mem.at(Reg.RSI, 8).bytes8());
        a.add(Mem.at(Reg.RSI).bytes8(), 10);
        a.lea(Reg.RBX, Mem.at(Reg.RSI, 0x20));
        a.add(Mem.at(Reg.RBX, -0x10).bytes8(), 7);
        a.mov(Reg.RSI, Mem.at(Reg.RSI, 8).bytes8());
        a.lea(Reg.RBX, Mem.at(Reg.RSI, 0x20));
        a.add(Mem.at(Reg.RBX, -0x10).bytes8(), 7);
    }

    /// The interpreter's operation in between loads other tables.
    @Test
    void theTablesAreLoadedAnewInBetween() {
        int other = PAGE + 0x1000;
        try (var rig = loop(
                PAGE,
                a -> {
                    a.inc(Mem.at(Reg.RSI).bytes8());
                    a.mov(Mem.absolute(Rig.entryOf(PAGE)).bytes4(), other | Rig.PRESENT | Rig.WRITABLE);
                    a.invlpg(Mem.at(Reg.RSI));
                    a.inc(Mem.at(Reg.RSI).bytes8());
                    a.mov(Mem.absolute(Rig.entryOf(PAGE)).bytes4(), FRAME | Rig.PRESENT | Rig.WRITABLE);
                    a.invlpg(Mem.at(Reg.RSI));
                },
                a -> {})) {
            runs(rig);

            assertThat(rig.get64(FRAME)).isEqualTo(ROUNDS);
            assertThat(rig.get64(other)).isEqualTo(ROUNDS);
        }
    }
}
