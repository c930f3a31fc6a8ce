package io.sluice.vmm.device;

/// The policy of periodic interrupts when the host is late. The grid of due ticks never moves, so there is no drift.
/// Ticks that passed unseen are made up for one by one, no closer than half a period (and never closer than
/// [#MIN_SPACING], whatever the guest programmed), so a guest that counts ticks keeps the time and is not flooded.
/// More than [#MAX_BACKLOG] ticks are not kept: what is beyond is lost, as on a machine whose interrupts were masked.
public final class TickSchedule {
    static final int MAX_BACKLOG = 64;
    /// Nanoseconds.
    static final long MIN_SPACING = 20_000;

    /// Longer periods (nine years and more) are as good as never.
    private static final long MAX_TICKS = 1L << 58;

    private final TickRate rate;
    private long period;
    private long due;
    private int backlog;
    private long next = DeviceTimer.NEVER;

    public TickSchedule(TickRate rate) {
        this.rate = rate;
    }

    /// Starts a grid: first tick at `first` (ticks since the clock's zero), then one every `periodTicks`.
    public void start(long first, long periodTicks) {
        stop();
        if (first < 0 || first > MAX_TICKS || periodTicks < 1 || periodTicks > MAX_TICKS) {
            return;
        }
        period = periodTicks;
        due = first;
        next = rate.nanosAt(first);
    }

    public void stop() {
        backlog = 0;
        next = DeviceTimer.NEVER;
    }

    /// When to look again, in nanoseconds of the machine's clock; [DeviceTimer#NEVER] if stopped.
    public long next() {
        return next;
    }

    /// Takes one tick if one is due at `now` (nanoseconds), and moves [#next].
    public boolean take(long now) {
        if (next > now) {
            return false;
        }
        long nowTick = rate.ticksAt(now);
        if (due <= nowTick) {
            long passed = (nowTick - due) / period + 1;
            due += passed * period;
            backlog = (int) Math.min(MAX_BACKLOG, backlog + passed);
        }
        backlog--;
        next = backlog > 0
                ? now + Math.max(MIN_SPACING, rate.nanosAt(period) / 2)
                : Math.max(rate.nanosAt(due), now + MIN_SPACING);
        return true;
    }
}
