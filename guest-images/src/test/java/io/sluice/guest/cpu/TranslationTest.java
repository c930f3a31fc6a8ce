package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Condition;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Reg;
import io.sluice.vmm.cpu.interp.RegionPlan;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Hot code is translated with what it calls in other pages; all of it is left when one of them changes.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TranslationTest {
    private static final int HOT_AT = 4;
    /// Enough for the second stage.
    private static final int ROUNDS = 2_000;
    /// `mov eax, 1; ret`, in another page than the loop.
    private static final int FUNCTION = 0x1_4000;
    /// The same with 2, to be mapped in its place.
    private static final int OTHER_FUNCTION = 0x1_5000;

    @Test
    void aLoopAndWhatItCallsAreOneRegion() {
        try (var rig = rig(a -> {})) {
            check(rig, 1);

            assertThat(rig.interpreter.counters().translatedInstructions()).isGreaterThan(5L * ROUNDS);
            assertThat(rig.interpreter.counters().regionsBuilt()).isBetween(1L, 8L);
        }
    }

    @Test
    void aFunctionIsMappedElsewhereAndItsPageIsInvalidated() {
        try (var rig = rig(a -> {
            a.mov(Mem.absolute(Rig.entryOf(FUNCTION)).bytes4(), OTHER_FUNCTION | Rig.PRESENT);
            a.mov(Reg.RSI, FUNCTION);
            a.invlpg(Mem.at(Reg.RSI));
        })) {
            check(rig, 2);
        }
    }

    @Test
    void aFunctionIsMappedElsewhereAndTheTablesAreLoadedAnew() {
        try (var rig = rig(a -> {
            a.mov(Mem.absolute(Rig.entryOf(FUNCTION)).bytes4(), OTHER_FUNCTION | Rig.PRESENT);
            a.mov(Reg.RDX, Reg.CR3);
            a.mov(Reg.CR3, Reg.RDX);
        })) {
            check(rig, 2);
        }
    }

    @Test
    void aFunctionIsOverwritten() {
        try (var rig = rig(a -> a.mov(Mem.absolute(FUNCTION + 1).bytes1(), 2))) {
            check(rig, 2);
        }
    }

    @Test
    void aFunctionThatIsGoneFaults() {
        try (var rig = rig(a -> {
            a.mov(Mem.absolute(Rig.entryOf(FUNCTION)).bytes4(), 0);
            a.mov(Reg.RSI, FUNCTION);
            a.invlpg(Mem.at(Reg.RSI));
        })) {
            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(14);
            assertThat(stop.rip()).isEqualTo(FUNCTION);
            assertThat(rig.cpu.cr2).isEqualTo(FUNCTION);
        }
    }

    @Test
    void anInstructionThatCrossesAPageIsTranslatedToo() {
        try (var rig = crossing(a -> {})) {
            check(rig, 1);

            assertThat(rig.interpreter.counters().translatedInstructions()).isGreaterThan(11L * ROUNDS / 2);
        }
    }

    @Test
    void theSecondPageOfAnInstructionIsMappedElsewhere() {
        try (var rig = crossing(a -> {
            a.mov(Mem.absolute(Rig.entryOf(FUNCTION)).bytes4(), OTHER_FUNCTION | Rig.PRESENT);
            a.mov(Reg.RSI, FUNCTION);
            a.invlpg(Mem.at(Reg.RSI));
        })) {
            check(rig, 0x201);
        }
    }

    @Test
    void theSecondPageOfAnInstructionIsOverwritten() {
        try (var rig = crossing(a -> a.mov(Mem.absolute(FUNCTION).bytes1(), 3))) {
            check(rig, 0x301);
        }
    }

    /// As [#rig], but the function begins two bytes before the page.
    private static Rig crossing(Consumer<Asm> change) {
        var rig = rig(FUNCTION - 2, change);
        rig.put(FUNCTION - 2, 0xB8, 1, 0, 0, 0, 0xC3);
        rig.put(OTHER_FUNCTION, 2, 0, 0, 0xC3);
        return rig;
    }

    /// A block of them alone is too large for a method, and is cut.
    @Test
    void aLoopOfManyLargeInstructionsIsTranslatedAsFarAsAMethodGoes() {
        int many = 400;
        try (var rig = Rig.long64(HOT_AT)) {
            rig.code(a -> {
                a.mov(Reg.RSI, Rig.DATA);
                a.mov(Reg.RBX, 0);
                a.mov(Reg.EDI, ROUNDS);
                a.label("again");
                for (int i = 0; i < many; i++) {
                    a.inc(Mem.at(Reg.RSI, Reg.RBX, 8, 256 + 8L * (i % 8)).bytes8());
                }
                a.dec(Reg.EDI);
                a.j(Condition.NE, "again");
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rig.get64(Rig.DATA + 256)).isEqualTo((long) ROUNDS * many / 8);
            assertThat(rig.interpreter.counters().translatedInstructions()).isGreaterThan((long) ROUNDS * many / 2);
        }
    }

    /// What a call through a register was seen to call goes into the region; what it calls later is called all the
    /// same.
    @Test
    void aCallThroughARegisterGoesElsewhereLater() {
        try (var rig = Rig.long64(HOT_AT)) {
            rig.put(FUNCTION, 0xB8, 1, 0, 0, 0, 0xC3);
            rig.put(OTHER_FUNCTION, 0xB8, 2, 0, 0, 0, 0xC3);
            rig.code(a -> {
                a.mov(Reg.RSI, FUNCTION);
                a.mov(Reg.EDI, ROUNDS);
                a.call("rounds");
                a.mov(Reg.EBP, Reg.EBX);
                a.mov(Reg.RSI, OTHER_FUNCTION);
                a.mov(Reg.EDI, ROUNDS);
                a.call("rounds");
                a.jmp("done");
                a.label("rounds");
                a.mov(Reg.EBX, 0);
                a.label("again");
                a.call(Reg.RSI);
                a.add(Reg.EBX, Reg.EAX);
                a.dec(Reg.EDI);
                a.j(Condition.NE, "again");
                a.ret();
                a.label("done");
            });

            check(rig, 2, ROUNDS);

            assertThat(rig.interpreter.counters().regionsBuilt()).isBetween(1L, 12L);
        }
    }

    /// The region of a loop was made when a function that it calls went one way. Now that goes another, in a region of
    /// its own, and the loop's is left and entered again each time: it is counted once more, and made anew.
    @Test
    void aLoopWhoseFunctionGoesAnotherWayIsMadeAnew() {
        try (var rig = Rig.long64(HOT_AT)) {
            int many = 40 * ROUNDS;
            rig.assemble(0, FUNCTION, a -> {
                a.cmp(Reg.EDI, many);
                a.db(0x0F, 0x82);
                distance(a, FUNCTION, OTHER_FUNCTION);
                a.mov(Reg.EAX, 1);
                a.ret();
            });
            rig.put(OTHER_FUNCTION, 0xB8, 2, 0, 0, 0, 0xC3);
            rig.code(a -> {
                a.mov(Reg.EDI, many + ROUNDS);
                a.mov(Reg.EBX, 0);
                a.label("again");
                call(a, FUNCTION);
                a.add(Reg.EBX, Reg.EAX);
                a.dec(Reg.EDI);
                a.j(Condition.NE, "again");
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rig.cpu.gpr[3]).isEqualTo(2L * many + ROUNDS - 1);
            assertThat(rig.plans)
                    .anyMatch(plan -> !plan.counted() && isIn(plan, FUNCTION) && !isIn(plan, OTHER_FUNCTION));
            assertThat(rig.plans.getLast())
                    .matches(plan -> !plan.counted() && isIn(plan, FUNCTION) && isIn(plan, OTHER_FUNCTION));
            assertThat(rig.interpreter.counters().regionsBuilt()).isBetween(4L, 20L);
        }
    }

    /// Whether what lies there is in a region that was made for the loop.
    private static boolean isIn(RegionPlan plan, int function) {
        return plan.partAt((function & ~0xFFF) - (Rig.CODE & ~0xFFF)) >= 0;
    }

    /// Calls the function many times, sum in EBX; then comes the change, and the same code calls it three times more,
    /// sum in EBP.
    private static Rig rig(Consumer<Asm> change) {
        return rig(FUNCTION, change);
    }

    private static Rig rig(int function, Consumer<Asm> change) {
        var rig = Rig.long64(HOT_AT);
        rig.put(FUNCTION, 0xB8, 1, 0, 0, 0, 0xC3);
        rig.put(OTHER_FUNCTION, 0xB8, 2, 0, 0, 0, 0xC3);
        rig.code(a -> {
            a.mov(Reg.EDI, ROUNDS);
            a.call("rounds");
            a.mov(Reg.EBP, Reg.EBX);
            change.accept(a);
            a.mov(Reg.EDI, 3);
            a.call("rounds");
            a.jmp("done");
            a.label("rounds");
            a.mov(Reg.EBX, 0);
            a.label("again");
            call(a, function);
            a.add(Reg.EBX, Reg.EAX);
            a.dec(Reg.EDI);
            a.j(Condition.NE, "again");
            a.ret();
            a.label("done");
        });
        return rig;
    }

    private static void call(Asm a, int target) {
        a.db(0xE8);
        distance(a, Rig.CODE, target);
    }

    /// The four bytes that end a jump or a call.
    private static void distance(Asm a, int origin, int target) {
        int distance = target - (origin + a.position() + 4);
        a.db(distance & 0xFF, distance >> 8 & 0xFF, distance >> 16 & 0xFF, distance >> 24 & 0xFF);
    }

    private static void check(Rig rig, int later) {
        check(rig, later, 3);
    }

    private static void check(Rig rig, int later, long times) {
        var stop = rig.run();

        assertThat(stop.isEnd()).isTrue();
        assertThat(rig.cpu.gpr[5]).isEqualTo(ROUNDS);
        assertThat(rig.cpu.gpr[3]).isEqualTo(times * later);
    }
}
