package io.sluice.vmm.device.pit;

import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.device.ByteDevice;
import io.sluice.vmm.device.ByteWide;
import io.sluice.vmm.device.DeviceTimer;
import io.sluice.vmm.device.TickRate;
import io.sluice.vmm.device.TickSchedule;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.loop.Strand;
import java.util.Arrays;

/// The PC's 8254: counter 0 drives IRQ 0, counter 1 was memory refresh, counter 2 the speaker. Port 0x61 holds the
/// gate of counter 2 and shows its output. All inside its strand.
public final class Pit8254 implements ByteDevice {
    /// Ports from the base (0x40) on.
    public static final int LENGTH = 4;

    public static final TickRate RATE = new TickRate(1_193_182);

    private static final int CONTROL = 3;
    private static final int PORT61_GATE = 0x01;
    private static final int PORT61_KEPT = 0x0F;
    private static final int PORT61_REFRESH = 0x10;
    private static final int PORT61_OUTPUT = 0x20;
    /// Refresh comes every 18 ticks (15 µs) and toggles its bit.
    private static final int REFRESH_TICKS = 18;

    private final Strand strand;
    private final IrqLine irq;
    private final PitCounter[] counters = {new PitCounter(), new PitCounter(), new PitCounter()};
    private final TickSchedule schedule = new TickSchedule(RATE);
    private final DeviceTimer timer;
    private boolean periodic;
    private int port61;

    public Pit8254(Strand strand, IrqLine irq) {
        this.strand = strand;
        this.irq = irq;
        timer = new DeviceTimer(strand, this::expired);
        reset();
    }

    /// Ports 0x40 to 0x43.
    public BusDevice ports() {
        return new ByteWide(this, LENGTH);
    }

    /// Port 0x61.
    public BusDevice systemControlPort() {
        return new ByteWide(new SystemControl(), 1);
    }

    /// Nothing counts until the guest programs it.
    public void reset() {
        long tick = tick();
        for (var counter : counters) {
            counter.reset();
        }
        counters[0].setGate(true, tick);
        counters[1].setGate(true, tick);
        counters[2].setGate(false, tick);
        port61 = 0;
        replan(tick);
    }

    /// What firmware leaves behind: counter 0 at 18.2 Hz, counter 1 at the rate of memory refresh.
    public void firmwareDefaults() {
        write(CONTROL, 0x34);
        write(0, 0);
        write(0, 0);
        write(CONTROL, 0x54);
        write(1, REFRESH_TICKS);
    }

    private long tick() {
        return RATE.ticksAt(strand.clock().nanos());
    }

    @Override
    public int read(int offset) {
        // The control word cannot be read back.
        return offset == CONTROL ? 0xFF : counters[offset].read(tick());
    }

    @Override
    public void write(int offset, int value) {
        if (offset == CONTROL) {
            control(value);
        } else if (counters[offset].write(value, tick()) && offset == 0) {
            replan(tick());
        }
    }

    private void control(int word) {
        long tick = tick();
        int select = word >> 6;
        if (select == 3) {
            readBack(word, tick);
        } else if ((word & 0x30) == 0) {
            counters[select].latchCount(tick);
        } else {
            counters[select].control(word);
            if (select == 0) {
                replan(tick);
            }
        }
    }

    /// The read-back command: bits 5 and 4, active low, ask for count and status.
    private void readBack(int word, long tick) {
        for (int i = 0; i < counters.length; i++) {
            if ((word >> i + 1 & 1) != 0) {
                if ((word & 0x20) == 0) {
                    counters[i].latchCount(tick);
                }
                if ((word & 0x10) == 0) {
                    counters[i].latchStatus(tick);
                }
            }
        }
    }

    /// Plans the rises of counter 0 anew, after it was programmed.
    private void replan(long tick) {
        var counter = counters[0];
        irq.set(counter.output(tick));
        long rise = counter.nextRise(tick);
        if (rise == PitCounter.NEVER) {
            schedule.stop();
        } else {
            periodic = counter.repeats();
            schedule.start(rise, periodic ? counter.count() : Integer.MAX_VALUE);
        }
        timer.set(schedule.next());
    }

    private void expired() {
        long now = strand.clock().nanos();
        if (schedule.take(now)) {
            irq.set(false);
            irq.set(true);
            if (!periodic) {
                replan(RATE.ticksAt(now));
                return;
            }
        }
        timer.set(schedule.next());
    }

    public PitState state() {
        return new PitState(Arrays.stream(counters).map(PitCounter::state).toList(), port61);
    }

    public void restore(PitState saved) {
        for (int i = 0; i < counters.length; i++) {
            counters[i].restore(saved.counters().get(i));
        }
        port61 = saved.port61() & PORT61_KEPT;
        replan(tick());
    }

    private final class SystemControl implements ByteDevice {
        @Override
        public int read(int offset) {
            long tick = tick();
            boolean refresh = (tick / REFRESH_TICKS & 1) != 0;
            return port61 | (refresh ? PORT61_REFRESH : 0) | (counters[2].output(tick) ? PORT61_OUTPUT : 0);
        }

        @Override
        public void write(int offset, int value) {
            port61 = value & PORT61_KEPT;
            counters[2].setGate((value & PORT61_GATE) != 0, tick());
        }
    }
}
