package io.sluice.vmm.loop.vertx;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.channel.nio.NioIoHandle;
import io.netty.util.concurrent.ThreadAwareExecutor;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// How a loop waits. A loop without channels parks, which is precise to tens of microseconds and cheap to end; one with
/// channels waits in NIO's selector, which counts milliseconds, so it wakes a millisecond early and parks the rest.
///
/// Waking a sleeping thread is a system call for the waker, a vCPU as a rule. So after work from outside a loop spins
/// for `spinNanos` before it sleeps, and looks at its [PolledSources] meanwhile; before it sleeps it lets them go.
/// (`LoopHandoffBenchmark` is what pays for it.)
final class LoopWait implements IoHandler {
    private static final int AWAKE = 0;
    private static final int PARKED = 1;
    private static final int SELECTING = 2;
    private static final long SELECTOR_SLACK_NANOS = 1_000_000;
    private static final long CHANNEL_POLL_NANOS = 250_000;

    private final ThreadAwareExecutor executor;
    private final IoHandlerFactory channelHandlers;
    private final PolledSources sources;
    private final long spinNanos;
    private final EarlyContext early = new EarlyContext();

    private @Nullable Thread thread;
    private volatile @Nullable IoHandler channels;
    private volatile int state = AWAKE;
    private long awakeUntil = System.nanoTime();

    LoopWait(ThreadAwareExecutor executor, IoHandlerFactory channelHandlers, PolledSources sources, long spinNanos) {
        this.executor = executor;
        this.channelHandlers = channelHandlers;
        this.sources = sources;
        this.spinNanos = spinNanos;
    }

    static IoHandlerFactory factory(IoHandlerFactory channelHandlers, PolledSources sources, long spinNanos) {
        return executor -> new LoopWait(executor, channelHandlers, sources, spinNanos);
    }

    @Override
    public void initialize() {
        thread = Thread.currentThread();
    }

    @Override
    public int run(IoHandlerContext context) {
        if (!look() && context.canBlock() && !spin(context)) {
            sleep(context);
        }
        if (!context.canBlock() && context.delayNanos(System.nanoTime()) > 0) {
            stayAwake();
        }
        early.context = context;
        early.mayBlock = false;
        return channels == null ? 0 : channels.run(early);
    }

    private boolean look() {
        boolean worked = sources.look();
        if (worked) {
            stayAwake();
        }
        return worked;
    }

    private void stayAwake() {
        awakeUntil = System.nanoTime() + spinNanos;
    }

    /// Whether work came while spinning. Only for a while after work: a loop that just serves timers sleeps at once.
    private boolean spin(IoHandlerContext context) {
        while (System.nanoTime() - awakeUntil < 0) {
            if (!context.canBlock() || look()) {
                return true;
            }
            Thread.onSpinWait();
        }
        return false;
    }

    private void sleep(IoHandlerContext context) {
        sources.letGo();
        var selector = channels;
        long delay = context.delayNanos(System.nanoTime());
        if (selector == null) {
            park(context, delay);
        } else if (delay > SELECTOR_SLACK_NANOS) {
            early.context = context;
            early.mayBlock = true;
            state = SELECTING;
            selector.run(early);
            state = AWAKE;
        } else {
            park(context, Math.min(delay, CHANNEL_POLL_NANOS));
        }
    }

    /// The waker first queues its task and then reads `state`; we write `state` and then look for tasks. Both have a
    /// full fence between, so one of the two sees the other.
    private void park(IoHandlerContext context, long nanos) {
        state = PARKED;
        VarHandle.fullFence();
        if (context.canBlock()) {
            LockSupport.parkNanos(this, nanos);
        }
        state = AWAKE;
    }

    @Override
    public void wakeup() {
        VarHandle.fullFence();
        int seen = state;
        if (seen == PARKED) {
            LockSupport.unpark(thread);
        } else if (seen == SELECTING) {
            var selector = channels;
            if (selector != null) {
                selector.wakeup();
            }
        }
    }

    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
        var selector = channels;
        if (selector == null) {
            selector = channelHandlers.newHandler(executor);
            selector.initialize();
            channels = selector;
        }
        return selector.register(handle);
    }

    @Override
    public void prepareToDestroy() {
        if (channels != null) {
            channels.prepareToDestroy();
        }
    }

    @Override
    public void destroy() {
        if (channels != null) {
            channels.destroy();
        }
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return NioIoHandle.class.isAssignableFrom(handleType);
    }

    /// What the selector is told: the next timer a little early, and whether it may wait at all.
    private static final class EarlyContext implements IoHandlerContext {
        private @Nullable IoHandlerContext context;
        private boolean mayBlock;

        private IoHandlerContext real() {
            if (context == null) {
                throw new IllegalStateException("the selector ran outside its loop");
            }
            return context;
        }

        @Override
        public boolean canBlock() {
            return mayBlock && real().canBlock();
        }

        @Override
        public long delayNanos(long now) {
            return Math.max(0, real().delayNanos(now) - SELECTOR_SLACK_NANOS);
        }

        @Override
        public long deadlineNanos() {
            return real().deadlineNanos() - SELECTOR_SLACK_NANOS;
        }
    }
}
