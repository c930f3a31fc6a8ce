/// The event loops: the [io.sluice.vmm.loop.EventLoop] port on Netty event loops that Vert.x runs on too.
///
/// Owns the threads `vm-loop` and `io-loop-N` and nothing else; [VertxLoops] is the way in. A loop never blocks: it
/// spins briefly after work came from outside, then sleeps until work, a timer or a channel wakes it. A task's failure
/// and a task that holds a loop too long are told to [LoopEvents]; the loop goes on.
@NullMarked
package io.sluice.vmm.loop.vertx;

import org.jspecify.annotations.NullMarked;
