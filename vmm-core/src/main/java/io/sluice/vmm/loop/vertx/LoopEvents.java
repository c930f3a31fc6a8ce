package io.sluice.vmm.loop.vertx;

/// What the loops tell their owner. Called on the loop's thread; must not block.
public interface LoopEvents {
    /// A task threw. The loop goes on, but what the task left behind is unknown: the machine has to stop.
    void failed(String loop, Throwable failure);

    /// A batch of tasks held the loop for `nanos` nanoseconds, longer than [VertxLoops#BLOCKED_NANOS].
    void blocked(String loop, long nanos);
}
