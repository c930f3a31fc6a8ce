package io.sluice.vmm.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.loop.Strand;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What every event loop must give a strand. A test of an event loop extends this.
@Timeout(120)
public abstract class StrandContract {
    private static final long MILLISECOND = 1_000_000;

    /// A strand on the loop under test, with [#clock], which runs.
    protected abstract Strand newStrand();

    protected abstract MachineClock clock();

    /// Lets at least `nanos` of host time pass, and the loop do all it has to do.
    protected abstract void pass(long nanos);

    private final List<String> log = Collections.synchronizedList(new ArrayList<>());

    @Test
    void anIdleStrandTakesAPostAtOnce() {
        var strand = newStrand();

        strand.post(() -> log.add("in"));

        assertThat(log).containsExactly("in");
    }

    @Test
    void whoIsInsideKnowsItAndIsRefusedACall() {
        var strand = newStrand();

        strand.post(() -> {
            log.add("inside " + strand.isInside());
            assertThatThrownBy(() -> strand.call(() -> log.add("never"))).isInstanceOf(IllegalStateException.class);
            strand.defer(() -> log.add("later " + strand.isInside()));
        });
        pass(MILLISECOND);

        assertThat(log).containsExactly("inside true", "later true");
        assertThat(strand.isInside()).isFalse();
    }

    @Test
    void aPostFromInsideWaitsUntilTheStrandIsFree() {
        var strand = newStrand();

        strand.post(() -> {
            strand.post(() -> log.add("second"));
            log.add("first");
        });
        pass(MILLISECOND);

        assertThat(log).containsExactly("first", "second");
    }

    @Test
    void deferredTasksRunLaterAndInOrder() {
        var strand = newStrand();

        strand.tryEnter();
        strand.defer(() -> log.add("a"));
        strand.defer(() -> log.add("b"));
        strand.defer(() -> log.add("c"));
        log.add("inside");
        strand.exit();
        pass(MILLISECOND);

        assertThat(log).containsExactly("inside", "a", "b", "c");
    }

    @Test
    void moreTasksThanOneTurnTakesAreAllDone() {
        var strand = newStrand();

        strand.tryEnter();
        for (int i = 0; i < 1000; i++) {
            strand.defer(() -> log.add("task"));
        }
        strand.exit();
        pass(10 * MILLISECOND);

        assertThat(log).hasSize(1000);
    }

    @Test
    void nobodyEntersABusyStrand() {
        var strand = newStrand();
        strand.tryEnter();

        boolean second = strand.tryEnter();

        strand.exit();
        assertThat(second).isFalse();
    }

    @Test
    void aTimerRunsInsideTheStrandAndNotBeforeItsDeadline() {
        var strand = newStrand();
        long deadline = clock().nanos() + 3 * MILLISECOND;
        var early = new AtomicBoolean();

        strand.at(deadline, () -> {
            early.set(clock().nanos() < deadline);
            log.add(strand.tryEnter() ? "outside" : "inside");
        });
        pass(30 * MILLISECOND);

        assertThat(log).containsExactly("inside");
        assertThat(early).isFalse();
    }

    @Test
    void aCancelledTimerDoesNotRun() {
        var strand = newStrand();
        var timer = strand.at(clock().nanos() + 2 * MILLISECOND, () -> log.add("rang"));

        timer.cancel();
        pass(20 * MILLISECOND);

        assertThat(log).isEmpty();
    }

    @Test
    void aStoppedClockPostponesATimer() {
        var strand = newStrand();
        strand.at(clock().nanos() + 5 * MILLISECOND, () -> log.add("rang"));

        clock().stop();
        pass(40 * MILLISECOND);
        log.add("started again");
        clock().start();
        pass(60 * MILLISECOND);

        assertThat(log).containsExactly("started again", "rang");
    }
}
