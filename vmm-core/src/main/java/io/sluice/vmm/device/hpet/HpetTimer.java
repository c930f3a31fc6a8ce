package io.sluice.vmm.device.hpet;

import io.sluice.vmm.device.DeviceTimer;
import io.sluice.vmm.device.TickSchedule;
import io.sluice.vmm.loop.Strand;

/// One comparator. Times are ticks of 10 ns since the zero of the machine's clock; what the guest sees is the main
/// counter, which differs by an offset.
final class HpetTimer {
    private static final int LEVEL = 1 << 1;
    private static final int ENABLED = 1 << 2;
    private static final int PERIODIC = 1 << 3;
    private static final int SET_VALUE = 1 << 6;
    private static final int ONLY_32 = 1 << 8;
    private static final int ROUTE_SHIFT = 9;
    private static final int ROUTE = 0x1F << ROUTE_SHIFT;
    private static final int MESSAGE = 1 << 14;
    private static final long LOW = 0xFFFF_FFFFL;

    private final Hpet hpet;
    private final int index;
    private final int routes;
    private final DeviceTimer timer;
    private final TickSchedule schedule = new TickSchedule(Hpet.RATE);
    private int configuration;
    private long comparator;
    private long period;
    private long message;
    /// The tick of the comparator's next match, if the counter runs; negative: never.
    private long match = -1;

    /// @param routes which pins of the I/O APIC this timer can drive
    HpetTimer(Hpet hpet, int index, int routes, Strand strand) {
        this.hpet = hpet;
        this.index = index;
        this.routes = routes;
        timer = new DeviceTimer(strand, this::expired);
    }

    void reset() {
        configuration = (int) HpetReg.TIMER_CONF.spec().reset();
        comparator = HpetReg.TIMER_COMP.spec().reset();
        period = 0;
        message = 0;
        replan();
    }

    private boolean isPeriodic() {
        return (configuration & PERIODIC) != 0;
    }

    boolean isEnabled() {
        return (configuration & ENABLED) != 0;
    }

    boolean isLevel() {
        return (configuration & LEVEL) != 0;
    }

    boolean isMessage() {
        return (configuration & MESSAGE) != 0;
    }

    int route() {
        return (configuration & ROUTE) >> ROUTE_SHIFT;
    }

    long message() {
        return message;
    }

    private long mask() {
        return (configuration & ONLY_32) != 0 ? LOW : -1;
    }

    long readConfiguration() {
        return configuration | (long) routes << 32;
    }

    long readComparator() {
        advance(hpet.tick());
        return comparator;
    }

    void writeConfiguration(int value) {
        int written = HpetReg.TIMER_CONF.written(configuration, value);
        int wantedRoute = (written & ROUTE) >> ROUTE_SHIFT;
        if ((routes >> wantedRoute & 1) == 0) {
            // A route that is not there is not taken: that is how software finds out.
            written = written & ~ROUTE | configuration & ROUTE;
        }
        advance(hpet.tick());
        configuration = written;
        comparator &= mask();
        period &= mask();
        replan();
    }

    /// A write to the comparator. `kept` are the bits that a write of half the register leaves alone.
    void writeComparator(long value, long kept) {
        advance(hpet.tick());
        boolean setsValue = !isPeriodic() || (configuration & SET_VALUE) != 0;
        if (setsValue) {
            comparator = (comparator & kept | value & ~kept) & mask();
        }
        if (isPeriodic()) {
            period = (period & kept | value & ~kept) & mask();
        }
        configuration &= ~SET_VALUE;
        if (setsValue) {
            replan();
        } else {
            plan();
        }
    }

    void writeMessage(long value, long kept) {
        message = message & kept | value & ~kept;
    }

    /// Brings the comparator up to date, before the counter changes.
    void settle() {
        advance(hpet.tick());
    }

    /// Moves a periodic comparator past `tick`.
    private void advance(long tick) {
        if (match >= 0 && match <= tick && isPeriodic() && period > 0) {
            long passed = (tick - match) / period + 1;
            match += passed * period;
            comparator = comparator + passed * period & mask();
        }
    }

    /// Finds the next match anew: after the counter, the comparator or the mode changed.
    void replan() {
        if (!hpet.isRunning()) {
            match = -1;
            schedule.stop();
            timer.clear();
            return;
        }
        long tick = hpet.tick();
        long distance = comparator - hpet.counter() & mask();
        match = distance < 0 || distance > Long.MAX_VALUE - tick ? -1 : tick + distance;
        plan();
    }

    private void plan() {
        // An edge that nobody may see needs no host timer: the comparator moves when it is read.
        if (match < 0 || !isEnabled() && !isLevel()) {
            schedule.stop();
        } else if (isPeriodic()) {
            schedule.start(match, period);
        } else {
            // A 32-bit comparator matches again when the counter comes round.
            schedule.start(match, mask() == LOW ? LOW + 1 : Long.MAX_VALUE >> 8);
        }
        timer.set(schedule.next());
    }

    private void expired() {
        if (schedule.take(hpet.nanos())) {
            hpet.matched(index);
        }
        timer.set(schedule.next());
    }

    HpetState.Timer state() {
        advance(hpet.tick());
        return new HpetState.Timer(configuration, comparator, period, message);
    }

    void restore(HpetState.Timer saved) {
        configuration = saved.configuration();
        comparator = saved.comparator();
        period = saved.period();
        message = saved.message();
        replan();
    }
}
