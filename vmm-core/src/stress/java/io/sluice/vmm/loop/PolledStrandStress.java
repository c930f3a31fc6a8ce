package io.sluice.vmm.loop;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/// A vCPU brings work, and goes in and out, while the loop that looked at the strand stops looking, begins again, and
/// stops for good: it was told of all that it did not see by itself.
@JCStressTest
@Outcome(
        id = "3, 0, 0",
        expect = Expect.ACCEPTABLE,
        desc = "everything was done, one at a time, after what came before")
@Outcome(expect = Expect.FORBIDDEN, desc = "work is lost, or two were inside, or somebody overtook himself")
@State
public class PolledStrandStress {
    private final Polling loop = new Polling();
    private final Strand strand = new Strand(loop, new MachineClock(() -> 0));
    private int done;
    private int rung;
    private int inside;
    private volatile int together;
    private volatile int overtaken;

    public PolledStrandStress() {
        strand.defer(() -> {});
        loop.runTasks(); // it looks from now on
    }

    private void work() {
        together += inside;
        inside = 1;
        done++;
        inside = 0;
    }

    private void ring() {
        work();
        rung = 1;
    }

    /// A doorbell, perhaps a register, and a write that may go in by itself.
    @Actor
    public void vcpu() {
        strand.defer(this::ring);
        if (strand.tryEnter()) {
            overtaken += 1 - rung;
            strand.exit();
        }
        strand.post(this::work);
    }

    @Actor
    public void loop() {
        loop.look();
        strand.defer(this::work);
        loop.stopLooking();
        loop.runTasks();
        loop.look();
        loop.stopLooking();
    }

    /// The loop does only what it was told.
    @Arbiter
    public void later(III_Result result) {
        loop.runTasks();
        result.r1 = done;
        result.r2 = together;
        result.r3 = overtaken;
    }

    /// A loop that looks at one strand.
    private static final class Polling implements EventLoop {
        private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
        private @Nullable Source source;

        @Override
        public synchronized void execute(Runnable task) {
            tasks.add(task);
        }

        private synchronized @Nullable Runnable next() {
            return tasks.poll();
        }

        void runTasks() {
            for (var task = next(); task != null; task = next()) {
                task.run();
            }
        }

        @Override
        public boolean poll(Source polled) {
            source = polled;
            return true;
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
