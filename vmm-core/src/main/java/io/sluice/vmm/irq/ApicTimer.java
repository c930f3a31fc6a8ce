package io.sluice.vmm.irq;

/// The local APIC's timer: a countdown with a 1 GHz input clock, or a deadline of the time-stamp counter.
/// Owned by the vCPU's thread. Times are nanoseconds of the machine's clock, which are also input clock ticks.
final class ApicTimer {
    static final long NEVER = Long.MAX_VALUE;
    static final int ONE_SHOT = 0;
    static final int PERIODIC = 1;
    static final int TSC_DEADLINE = 2;

    /// Ticks of a periodic timer that passed unseen and will be made up for; more are lost. Each waits until the guest
    /// has ended the one before, so catching up cannot flood it.
    static final int MAX_BACKLOG = 16;

    private int mode = ONE_SHOT;
    private int divide;
    private int shift = 1;
    private long initial;
    private long deadline = NEVER;
    private long tscOffset;
    private long tscDeadline;
    private int backlog;

    void reset() {
        mode = ONE_SHOT;
        setDivide(0, 0);
        stop();
        initial = 0;
    }

    private void stop() {
        deadline = NEVER;
        tscDeadline = 0;
        backlog = 0;
    }

    /// The LVT's bits 18..17. Going to or from TSC-deadline disarms the timer (SDM 3A 10.5.4.1); 3 is reserved and
    /// counts as one-shot.
    void setMode(int bits) {
        int wanted = bits == 3 ? ONE_SHOT : bits;
        if (wanted == mode) {
            return;
        }
        if (wanted == TSC_DEADLINE || mode == TSC_DEADLINE) {
            stop();
            initial = 0;
        }
        mode = wanted;
    }

    int divide() {
        return divide;
    }

    /// A running countdown goes on from its present count at the new speed.
    void setDivide(int register, long now) {
        divide = register;
        long count = currentCount(now);
        int code = register & 3 | register >> 1 & 4;
        shift = code + 1 & 7;
        if (deadline != NEVER && mode != TSC_DEADLINE) {
            deadline = now + (count << shift);
        }
    }

    long initialCount() {
        return initial;
    }

    void setInitialCount(long count, long now) {
        if (mode == TSC_DEADLINE) {
            return;
        }
        initial = count;
        backlog = 0;
        deadline = count == 0 ? NEVER : now + (count << shift);
    }

    long currentCount(long now) {
        if (deadline == NEVER || mode == TSC_DEADLINE) {
            return 0;
        }
        long left = deadline - now;
        if (left <= 0) {
            if (mode != PERIODIC) {
                return 0;
            }
            long period = initial << shift;
            left = period - -left % period;
        }
        return left + (1L << shift) - 1 >> shift;
    }

    long tscDeadline() {
        return tscDeadline;
    }

    void setTscDeadline(long tsc, long now) {
        if (mode != TSC_DEADLINE) {
            return;
        }
        tscDeadline = tsc;
        if (tsc == 0) {
            deadline = NEVER;
            return;
        }
        long present = now + tscOffset;
        long wait = Long.compareUnsigned(tsc, present) <= 0 ? 0 : tsc - present;
        deadline = wait < 0 || wait > NEVER - 1 - now ? NEVER - 1 : now + wait;
    }

    long tscOffset() {
        return tscOffset;
    }

    void setTscOffset(long offset, long now) {
        tscOffset = offset;
        setTscDeadline(tscDeadline, now);
    }

    /// When [#expire] wants to be called, or [#NEVER].
    long deadline() {
        return deadline;
    }

    /// Moves on to `now`; whether the timer expired.
    boolean expire(long now) {
        if (now < deadline) {
            return false;
        }
        if (mode == PERIODIC) {
            long period = initial << shift;
            long passed = (now - deadline) / period + 1;
            deadline += passed * period;
            backlog = (int) Math.min(MAX_BACKLOG, backlog + passed - 1);
        } else {
            stop();
        }
        return true;
    }

    /// A tick that came while its vector was still pending.
    void owe() {
        if (mode == PERIODIC && backlog < MAX_BACKLOG) {
            backlog++;
        }
    }

    /// Forgets what is owed: the guest masked the timer.
    void forgive() {
        backlog = 0;
    }

    /// Takes one tick out of the backlog.
    boolean takeBacklog() {
        if (backlog == 0) {
            return false;
        }
        backlog--;
        return true;
    }

    LocalApicState.Timer state() {
        return new LocalApicState.Timer(mode, divide, initial, deadline, tscOffset, tscDeadline, backlog);
    }

    void restore(LocalApicState.Timer saved) {
        setDivide(saved.divide(), 0);
        mode = saved.mode();
        initial = saved.initial();
        deadline = saved.deadline();
        tscOffset = saved.tscOffset();
        tscDeadline = saved.tscDeadline();
        backlog = saved.backlog();
    }
}
