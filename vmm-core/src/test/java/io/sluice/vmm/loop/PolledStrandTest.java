package io.sluice.vmm.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// A strand on a loop that looks at it by itself.
final class PolledStrandTest {
    private final Polling loop = new Polling();
    private final Strand strand = new Strand(loop, new MachineClock());
    private final List<String> log = new ArrayList<>();

    @Test
    void theLoopIsToldOnceAndThenLooks() {
        strand.defer(() -> log.add("told"));
        loop.runTasks();

        strand.defer(() -> log.add("seen"));
        strand.defer(() -> log.add("seen"));
        int tasks = loop.tasks.size();
        loop.look();

        assertThat(tasks).isZero();
        assertThat(log).containsExactly("told", "seen", "seen");
    }

    @Test
    void onceItDoesNotLookItIsToldAgain() {
        startLooking();
        loop.stopLooking();

        strand.defer(() -> log.add("told"));
        loop.runTasks();

        assertThat(log).containsExactly("told");
    }

    @Test
    void whatWaitsWhenItStopsLookingIsHandedOver() {
        startLooking();
        strand.defer(() -> log.add("waited"));

        loop.stopLooking();
        loop.runTasks();

        assertThat(log).containsExactly("waited");
    }

    @Test
    void whatWaitsWhenItStopsLookingWhileSomebodyIsInsideIsHandedOverByHim() {
        startLooking();
        strand.tryEnter();
        strand.defer(() -> log.add("waited"));
        loop.stopLooking();
        int whileInside = loop.tasks.size();

        strand.exit();
        loop.runTasks();

        assertThat(whileInside).isZero();
        assertThat(log).containsExactly("waited");
    }

    @Test
    void whoLeavesLeavesTheWorkToALoopThatLooks() {
        startLooking();
        strand.tryEnter();
        strand.defer(() -> log.add("came meanwhile"));
        boolean readyWhileInside = loop.isReady();

        strand.exit();
        int tasks = loop.tasks.size();
        loop.look();

        assertThat(readyWhileInside).isFalse();
        assertThat(tasks).isZero();
        assertThat(log).containsExactly("came meanwhile");
    }

    @Test
    void nobodyEntersBeforeWhatIsPosted() {
        startLooking();
        strand.defer(() -> log.add("posted"));

        boolean before = strand.tryEnter();
        loop.look();
        boolean after = strand.tryEnter();

        assertThat(before).isFalse();
        assertThat(after).isTrue();
        assertThat(log).containsExactly("posted");
    }

    @Test
    void aLongQueueIsDoneInParts() {
        startLooking();
        for (int i = 0; i < 100; i++) {
            strand.defer(() -> log.add("one"));
        }

        loop.look();
        int first = log.size();
        loop.look();

        assertThat(first).isEqualTo(64);
        assertThat(log).hasSize(100);
        assertThat(loop.isReady()).isFalse();
    }

    @Test
    void aTaskIsInside() {
        startLooking();
        strand.defer(() -> log.add("inside " + strand.isInside()));

        loop.look();

        assertThat(log).containsExactly("inside true");
        assertThat(strand.isInside()).isFalse();
    }

    @Test
    void aTaskIsRefusedWhileTooManyWait() {
        startLooking();

        int accepted = 0;
        while (strand.tryDefer(() -> log.add("one"), 10)) {
            accepted++;
        }
        loop.look();
        boolean again = strand.tryDefer(() -> log.add("one more"), 10);

        assertThat(accepted).isEqualTo(10);
        assertThat(again).isTrue();
    }

    private void startLooking() {
        strand.defer(() -> {});
        loop.runTasks();
    }

    private static final class Polling implements EventLoop {
        private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
        private @Nullable Source source;

        @Override
        public void execute(Runnable task) {
            tasks.add(task);
        }

        void runTasks() {
            for (var task = tasks.poll(); task != null; task = tasks.poll()) {
                task.run();
            }
        }

        @Override
        public boolean poll(Source polled) {
            assertThat(source).isNull();
            source = polled;
            return true;
        }

        boolean isReady() {
            return source != null && source.isReady();
        }

        void look() {
            if (source != null && source.isReady()) {
                source.run();
            }
        }

        void stopLooking() {
            var polled = source;
            source = null;
            if (polled != null) {
                polled.unpolled();
            }
        }

        @Override
        public Timer schedule(long delayNanos, Runnable task) {
            throw new UnsupportedOperationException("no timers here");
        }
    }
}
