package io.sluice.vmm.loop.vertx;

/// How one loop keeps time. Written by the loop's thread only; any thread may read, and sees each number a little late.
///
/// @param maxLagNanos longest time from handing work over (or from a timer's moment) to its start
/// @param maxBatchNanos longest time that one batch of tasks held the loop
/// @param batches batches of tasks so far
public record LoopWatch(long maxLagNanos, long maxBatchNanos, long batches) {}
