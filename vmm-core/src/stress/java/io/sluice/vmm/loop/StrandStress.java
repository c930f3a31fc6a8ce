package io.sluice.vmm.loop;

import java.util.ArrayDeque;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/// A vCPU goes into a strand by itself while a loop brings work to it and does what is left: all is done, one after
/// the other.
@JCStressTest
@Outcome(id = "3, 0", expect = Expect.ACCEPTABLE, desc = "everything was done, never by two at a time")
@Outcome(expect = Expect.FORBIDDEN, desc = "work is lost, or two were inside")
@State
public class StrandStress {
    private final Tasks loop = new Tasks();
    private final Strand strand = new Strand(loop, new MachineClock(() -> 0));
    private int done;
    private int inside;
    private volatile int together;

    private void work() {
        together += inside;
        inside = 1;
        done++;
        inside = 0;
    }

    @Actor
    public void vcpu() {
        strand.post(this::work);
    }

    @Actor
    public void loop() {
        strand.defer(this::work);
        strand.post(this::work);
        loop.runAll();
    }

    @Arbiter
    public void later(II_Result result) {
        loop.runAll();
        result.r1 = done;
        result.r2 = together;
    }

    /// The loop's tasks, done by whoever asks.
    private static final class Tasks implements EventLoop {
        private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();

        @Override
        public synchronized void execute(Runnable task) {
            tasks.add(task);
        }

        private synchronized Runnable next() {
            return tasks.isEmpty() ? () -> {} : tasks.remove();
        }

        private synchronized boolean isEmpty() {
            return tasks.isEmpty();
        }

        void runAll() {
            while (!isEmpty()) {
                next().run();
            }
        }

        @Override
        public Timer schedule(long delayNanos, Runnable task) {
            throw new UnsupportedOperationException("no timers here");
        }
    }
}
