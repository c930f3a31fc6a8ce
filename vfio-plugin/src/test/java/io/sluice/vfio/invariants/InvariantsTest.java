package io.sluice.vfio.invariants;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.invariants.Outcome.Kind;
import io.sluice.vfio.invariants.Tally.Sender;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.LongStream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// I1 to I7 hold whatever is called in whatever order, and if one of the guards were missing, this would be seen.
///
/// `-Dsluice.invariants.calls` makes more calls, `-Dsluice.invariants.seed` begins with another seed.
@Timeout(900)
final class InvariantsTest {
    private static final int WORLDS = 10;
    private static final long CALLS = Long.getLong("sluice.invariants.calls", 1_000_000) / WORLDS;
    private static final long SEED = Long.getLong("sluice.invariants.seed", 1);

    /// The calls among which a broken guard is noticed, always the same.
    private static final long ENOUGH = 50_000;
    private static final long FIRST = 1;

    // Of a hundred thousand calls, or what is sent in that time; less than half of what was seen by any of ten seeds.
    private static final int LEAST_DONE = 120;
    private static final int LEAST_REFUSED = 4;
    private static final int LEAST_FAILED = 350;
    private static final int LEAST_MOVED = 2_500;
    private static final int LEAST_STOPPED = 8_000;

    static LongStream seeds() {
        return LongStream.range(SEED, SEED + WORLDS);
    }

    static List<Mutation> mutations() {
        return Mutation.ALL;
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void noOrderOfCallsReachesWhatWasNotGiven(long seed) {
        System.out.printf("InvariantsTest: seed %d, %d calls%n", seed, CALLS);
        var driver = new RandomDriver();

        var outcome = driver.drive(seed, CALLS);

        assertThat(outcome.kind()).as(outcome.toString()).isEqualTo(Kind.AGREED);
        requireVariety(driver.tally());
    }

    /// Calls that are all refused would agree with anything.
    private static void requireVariety(Tally tally) {
        var softly = new SoftAssertions();
        for (var action : Action.values()) {
            atLeast(softly, LEAST_DONE, tally.timesDone(action), action + " done");
            for (var errno : action.refusals()) {
                atLeast(softly, LEAST_REFUSED, tally.timesRefused(action, errno), action + " refused with " + errno);
            }
        }
        atLeast(softly, LEAST_FAILED, tally.timesFailed(), "failed steps");
        for (var sender : EnumSet.complementOf(EnumSet.of(Sender.HOST))) {
            atLeast(softly, LEAST_STOPPED, tally.timesStopped(sender), sender + " stopped");
        }
        for (var sender : EnumSet.complementOf(EnumSet.of(Sender.RESET, Sender.GONE))) {
            atLeast(softly, LEAST_MOVED, tally.timesMoved(sender), sender + " moved");
        }
        softly.assertAll();
    }

    private static void atLeast(SoftAssertions softly, int least, long seen, String what) {
        softly.assertThat(seen).as(what).isGreaterThanOrEqualTo(least * CALLS / 100_000);
    }

    /// By the model's verdict, that is: what the broken product throws itself would be [Kind#CRASHED].
    @ParameterizedTest(name = "{0}")
    @MethodSource("mutations")
    void aGuardThatIsBrokenIsNoticed(Mutation mutation) {
        var loader = new MutatingLoader(mutation);

        var outcome = loader.driver().drive(FIRST, ENOUGH);

        System.out.printf("InvariantsTest: %s: noticed with seed %d by call %d%n", mutation, FIRST, outcome.calls());
        assertThat(loader.hasBroken()).as("the guard is there").isTrue();
        assertThat(outcome.kind()).as(outcome.toString()).isEqualTo(Kind.DIFFERED);
    }

    @Test
    void aMutationOfWhatIsNotThereBreaksNothing() {
        var loader = new MutatingLoader(new Mutation("I1", "vfio.VfioNode", "renamed", null, 0));

        var outcome = loader.driver().drive(FIRST, 5_000);

        assertThat(loader.hasBroken()).isFalse();
        assertThat(outcome.kind()).as(outcome.toString()).isEqualTo(Kind.AGREED);
    }

    @Test
    void everyGuardIsInTheSecurityModel() throws IOException {
        var root = Path.of(System.getProperty("sluice.root", ".."));

        var rows = java.nio.file.Files.readAllLines(root.resolve("docs/security-model.md"));

        assertThat(mutations())
                .allSatisfy(mutation -> assertThat(rows)
                        .anyMatch(row -> row.startsWith("| " + mutation.holds() + " | `" + mutation.guard() + "` |")));
    }

    @Test
    void aSeedReplaysExactly() {
        var once = new ArrayList<String>();
        var again = new ArrayList<String>();

        new RandomDriver(once::add).drive(SEED, 10_000);
        new RandomDriver(again::add).drive(SEED, 10_000);

        assertThat(once).hasSizeGreaterThan(50_000);
        assertThat(again).isEqualTo(once);
    }
}
