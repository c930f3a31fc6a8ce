package io.sluice.vmm.testkit;

import io.sluice.vmm.loop.EventLoop;
import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.loop.Strand;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.PriorityQueue;

/// An event loop whose time and turns are the test's: nothing runs until [#run] or [#advance].
/// One thread; a machine clock that runs with it comes along.
public final class FakeLoop implements EventLoop {
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private final PriorityQueue<Alarm> alarms =
            new PriorityQueue<>(Comparator.comparingLong(Alarm::due).thenComparingLong(Alarm::number));
    private final MachineClock clock = new MachineClock(this::now);
    private long now;
    private long grain = 1;
    private long count;

    public FakeLoop() {
        clock.start();
    }

    /// Nanoseconds since the loop was made.
    public long now() {
        return now;
    }

    public MachineClock clock() {
        return clock;
    }

    public Strand newStrand() {
        return new Strand(this, clock);
    }

    /// From now on timers ring only at multiples of `nanos`, as on a coarse or busy host.
    public void setGrain(long nanos) {
        grain = nanos;
    }

    /// Timers that are set and not cancelled.
    public int timers() {
        return alarms.size();
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
    }

    @Override
    public Timer schedule(long delayNanos, Runnable task) {
        long due = (now + Math.max(0, delayNanos) + grain - 1) / grain * grain;
        var alarm = new Alarm(due, count++, task);
        alarms.add(alarm);
        return () -> alarms.remove(alarm);
    }

    /// Runs what waits, and what that brings, without time passing.
    public void run() {
        for (var task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
    }

    /// Lets `nanos` pass, ringing each timer at its time.
    public void advance(long nanos) {
        long end = now + nanos;
        run();
        for (var next = alarms.peek(); next != null && next.due() <= end; next = alarms.peek()) {
            alarms.remove();
            now = Math.max(now, next.due());
            next.task().run();
            run();
        }
        now = end;
        run();
    }

    private record Alarm(long due, long number, Runnable task) {}
}
