package io.sluice.vmm.device.hpet;

import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.device.TickRate;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.loop.Strand;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The high precision event timer (IA-PC HPET 1.0a): a 64-bit counter of 10 ns and three timers, all of them periodic
/// if
/// wanted, on pins of the I/O APIC, as messages, or in place of the interval timer and the real-time clock.
/// All inside its strand.
public final class Hpet implements BusDevice {
    /// Bytes of the memory range, usually at 0xFED00000.
    public static final int LENGTH = 0x400;
    /// What ACPI's HPET table calls the hardware id of the event timer block: the low half of GCAP_ID.
    public static final int BLOCK_ID = (int) HpetReg.GCAP_ID.spec().reset();

    static final TickRate RATE = new TickRate(100_000_000);

    private static final int TIMERS = 3;
    private static final int PCI_PINS = 0x00F0_0000;
    private static final int[] ROUTES = {PCI_PINS, PCI_PINS, PCI_PINS | 1 << 11};
    private static final int CONF_ENABLE = 1;
    private static final int CONF_LEGACY = 2;

    private final Strand strand;
    private final HpetWires wires;
    private final HpetTimer[] timers = new HpetTimer[TIMERS];
    private int configuration;
    private int status;
    /// The main counter is the tick plus this while it runs, and this alone while it stands.
    private long base;

    public Hpet(Strand strand, HpetWires wires) {
        this.strand = strand;
        this.wires = wires;
        for (int i = 0; i < TIMERS; i++) {
            timers[i] = new HpetTimer(this, i, ROUTES[i], strand);
        }
        reset();
    }

    public void reset() {
        configuration = 0;
        status = 0;
        base = 0;
        for (var timer : timers) {
            timer.reset();
        }
        wires.replaceLegacy().set(false);
        driveLevels();
    }

    long nanos() {
        return strand.clock().nanos();
    }

    long tick() {
        return RATE.ticksAt(nanos());
    }

    boolean isRunning() {
        return (configuration & CONF_ENABLE) != 0;
    }

    long counter() {
        return isRunning() ? tick() + base : base;
    }

    /// Any size reads; a wider register gives the bytes asked for.
    @Override
    public long read(long offset, int size) {
        var register = register(offset);
        return register == null ? 0 : readRegister(register, timer(offset)) >>> 8 * (offset & 7);
    }

    /// 4-byte and 8-byte aligned writes only, as the specification asks (2.3.1); others are dropped.
    @Override
    public void write(long offset, int size, long value) {
        var register = register(offset);
        if (register == null || size < 4 || (offset & size - 1) != 0) {
            return;
        }
        if (size == 8) {
            writeRegister(register, timer(offset), value, 0);
        } else {
            int shift = (int) (8 * (offset & 4));
            writeRegister(register, timer(offset), (value & 0xFFFF_FFFFL) << shift, ~(0xFFFF_FFFFL << shift));
        }
    }

    /// The register at `offset`; of each timer the same ones.
    private static @Nullable HpetReg register(long offset) {
        if (offset < 0 || offset >= HpetReg.FIRST_TIMER + TIMERS * HpetReg.TIMER_STRIDE) {
            return null;
        }
        boolean timer = offset >= HpetReg.FIRST_TIMER;
        return HpetReg.TABLE.at(timer ? HpetReg.FIRST_TIMER + offset % HpetReg.TIMER_STRIDE : offset);
    }

    /// The timer whose register is at `offset`; the first for the registers that belong to none.
    private HpetTimer timer(long offset) {
        return timers[Math.max(0, (int) offset - HpetReg.FIRST_TIMER) / HpetReg.TIMER_STRIDE];
    }

    private long readRegister(HpetReg register, HpetTimer timer) {
        return switch (register) {
            case GCAP_ID -> register.spec().reset();
            case GEN_CONF -> configuration;
            case GINTR_STA -> status;
            case MAIN_CNT -> counter();
            case TIMER_CONF -> timer.readConfiguration();
            case TIMER_COMP -> timer.readComparator();
            case TIMER_FSB -> timer.message();
        };
    }

    /// `kept` are the bits of the register that the access does not reach.
    private void writeRegister(HpetReg register, HpetTimer timer, long value, long kept) {
        switch (register) {
            case GEN_CONF -> {
                if ((kept & 1) == 0) {
                    configure((int) register.written(0, value));
                }
            }
            case GINTR_STA -> {
                status = (int) register.written(status, value);
                driveLevels();
            }
            case MAIN_CNT -> {
                settle();
                setCounter(counter() & kept | value & ~kept);
            }
            case TIMER_CONF -> {
                if ((kept & 1) == 0) {
                    timer.writeConfiguration((int) value);
                    driveLevels();
                }
            }
            case TIMER_COMP -> timer.writeComparator(value, kept);
            case TIMER_FSB -> timer.writeMessage(value, kept);
            case GCAP_ID -> {}
        }
    }

    private void configure(int value) {
        settle();
        long counter = counter();
        configuration = value;
        wires.replaceLegacy().set(isLegacy());
        setCounter(counter);
        driveLevels();
    }

    private void settle() {
        for (var timer : timers) {
            timer.settle();
        }
    }

    private void setCounter(long value) {
        base = isRunning() ? value - tick() : value;
        for (var timer : timers) {
            timer.replan();
        }
    }

    /// A timer's comparator matched.
    void matched(int index) {
        var timer = timers[index];
        boolean legacy = isLegacy(index);
        if (timer.isLevel() && !legacy) {
            status |= 1 << index;
            driveLevels();
        }
        if (!timer.isEnabled()) {
            return;
        }
        if (legacy) {
            pulse(index == 0 ? wires.legacyTimer() : wires.legacyClock());
        } else if (timer.isMessage()) {
            wires.messages().write(timer.message() >>> 32, (int) timer.message());
        } else if (!timer.isLevel()) {
            pulse(wires.pins().get(timer.route()));
            // Another timer may hold the same pin.
            driveLevels();
        }
    }

    private boolean isLegacy(int index) {
        return isLegacy() && index < 2;
    }

    /// Legacy routing needs the overall enable bit too (2.3.5).
    private boolean isLegacy() {
        return (configuration & (CONF_ENABLE | CONF_LEGACY)) == (CONF_ENABLE | CONF_LEGACY);
    }

    private static void pulse(IrqLine line) {
        line.set(true);
        line.set(false);
    }

    /// Each pin that a timer can reach is asserted while some timer's level interrupt is pending on it.
    private void driveLevels() {
        int asserted = 0;
        for (int i = 0; i < TIMERS; i++) {
            var timer = timers[i];
            boolean pending = (status >> i & 1) != 0 && timer.isLevel() && timer.isEnabled();
            if (pending && isRunning() && !timer.isMessage() && !isLegacy(i)) {
                asserted |= 1 << timer.route();
            }
        }
        for (int reachable = PCI_PINS | 1 << 11; reachable != 0; reachable &= reachable - 1) {
            int pin = Integer.numberOfTrailingZeros(reachable);
            wires.pins().get(pin).set((asserted >> pin & 1) != 0);
        }
    }

    public HpetState state() {
        return new HpetState(
                configuration,
                status,
                counter(),
                Arrays.stream(timers).map(HpetTimer::state).toList());
    }

    public void restore(HpetState saved) {
        configuration = saved.configuration();
        status = saved.status();
        wires.replaceLegacy().set(isLegacy());
        base = isRunning() ? saved.counter() - tick() : saved.counter();
        for (int i = 0; i < TIMERS; i++) {
            timers[i].restore(saved.timers().get(i));
        }
        driveLevels();
    }
}
