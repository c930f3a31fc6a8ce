package io.sluice.vmm.device.rtc;

import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.device.ByteDevice;
import io.sluice.vmm.device.ByteWide;
import io.sluice.vmm.device.DeviceTimer;
import io.sluice.vmm.device.TickRate;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.loop.Strand;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/// An MC146818A with the PC's century byte and 256 bytes of memory in two banks. All inside its strand.
///
/// Time is the machine's clock plus an offset, so nothing runs while nobody looks; a timer is set only for an interrupt
/// that is enabled and not pending.
public final class Rtc implements ByteDevice {
    /// Ports from the base (0x70) on.
    public static final int LENGTH = 4;

    private static final long SECOND = 1_000_000_000;
    private static final int BANK = 128;
    /// Bit 7 of register A rises this long before the time changes.
    private static final long UPDATE_WARNING = 244_000;
    /// After the divider was held in reset the first update comes half a second later.
    private static final long PHASE_AFTER_RESET = SECOND / 2;

    private static final int A_UPDATING = 0x80;
    private static final int A_DIVIDER = 0x70;
    private static final int A_DIVIDER_RUNS = 0x20;
    private static final int B_SET = 0x80;
    private static final int B_UPDATE = 0x10;
    private static final int PERIODIC = 0x40;
    private static final int ALARM = 0x20;
    private static final int UPDATE = 0x10;
    private static final int ANY_INTERRUPT = 0x80;
    private static final TickRate CRYSTAL = new TickRate(32_768);
    /// Ticks of a late periodic interrupt that are made up for, each after the guest has read register C; more are
    /// lost.
    private static final int MAX_BACKLOG = 64;

    private final Strand strand;
    private final IrqLine irq;
    private final InstantSource utc;
    private final DeviceTimer timer;
    private final byte[] memory = new byte[BANK];
    private final byte[] extended = new byte[BANK];
    private int index;
    private int extendedIndex;
    private boolean nmiMasked;
    private int flags;
    /// Seconds since 1970 at the zero of [#ticking], and where in its second that zero lies.
    private long offsetSeconds;

    private long phase;
    private boolean frozen;
    private boolean dividerReset;
    private long lastSecond;
    private long lastPeriodic;
    private LongConsumer set = seconds -> {};

    /// @param utc the host's clock: the time that the guest finds
    public Rtc(Strand strand, IrqLine irq, InstantSource utc) {
        this.strand = strand;
        this.irq = irq;
        this.utc = utc;
        timer = new DeviceTimer(strand, this::expired);
        memory[RtcReg.A.index()] = (byte) RtcReg.A.spec().reset();
        memory[RtcReg.B.index()] = (byte) RtcReg.B.spec().reset();
        memory[RtcReg.D.index()] = (byte) RtcReg.D.spec().reset();
        synchronize();
    }

    /// Has `listener` told each time the guest sets the clock: to which second since the epoch. Inside the strand.
    public void onSet(LongConsumer listener) {
        set = listener;
    }

    /// Ports 0x70 to 0x73.
    public BusDevice ports() {
        return new ByteWide(this, LENGTH);
    }

    /// The RESET pin: interrupts off, time and memory stay (the clock lives on its battery).
    public void reset() {
        index = 0;
        extendedIndex = 0;
        nmiMasked = false;
        flags = 0;
        memory[RtcReg.B.index()] &= ~(PERIODIC | ALARM | B_UPDATE | 0x08);
        replan();
    }

    /// Sets the time to the host's: after the machine stood still.
    public void synchronize() {
        var now = utc.instant();
        phase = Math.floorMod(now.getNano() - strand.clock().nanos(), SECOND);
        offsetSeconds = now.getEpochSecond() - second();
        lastSecond = second();
        lastPeriodic = periodicTick();
        replan();
    }

    /// Writes the memory sizes where guests look for them.
    ///
    /// @param below4g bytes of RAM below 4 GiB
    /// @param above4g bytes of RAM above 4 GiB
    public void setMemorySize(long below4g, long above4g) {
        store16(0x15, 640);
        int above1m = (int) Math.min(0xFFFF, Math.max(0, below4g - 0x10_0000) >> 10);
        store16(0x17, above1m);
        store16(0x30, above1m);
        store16(0x34, (int) Math.min(0xFFFF, Math.max(0, below4g - 0x100_0000) >> 16));
        long units = above4g >> 16;
        store16(0x5B, (int) units & 0xFFFF);
        memory[0x5D] = (byte) (units >> 16);
    }

    private void store16(int at, int value) {
        memory[at] = (byte) value;
        memory[at + 1] = (byte) (value >> 8);
    }

    /// Bit 7 of port 0x70: non-maskable interrupts are held back.
    public boolean isNmiMasked() {
        return nmiMasked;
    }

    @Override
    public int read(int offset) {
        return switch (offset) {
            case 1 -> readRegister(index);
            case 3 -> extended[extendedIndex] & 0xFF;
            // The index cannot be read back.
            default -> 0xFF;
        };
    }

    @Override
    public void write(int offset, int value) {
        switch (offset) {
            case 0 -> {
                index = value & BANK - 1;
                nmiMasked = (value & 0x80) != 0;
            }
            case 1 -> writeRegister(index, value);
            case 2 -> extendedIndex = value & BANK - 1;
            default -> extended[extendedIndex] = (byte) value;
        }
    }

    private int readRegister(int at) {
        var register = RtcReg.TABLE.at(at);
        int stored = memory[at] & 0xFF;
        if (register == null) {
            return stored;
        }
        return switch (register) {
            case SECONDS, MINUTES, HOURS, WEEKDAY, DAY, MONTH, YEAR, CENTURY ->
                frozen ? stored : RtcCalendar.field(register, offsetSeconds + second(), format());
            case A -> stored | (isUpdating() ? A_UPDATING : 0);
            case C -> takeFlags();
            case SECONDS_ALARM, MINUTES_ALARM, HOURS_ALARM, B, D -> stored;
        };
    }

    private void writeRegister(int at, int value) {
        var register = RtcReg.TABLE.at(at);
        if (register == null) {
            memory[at] = (byte) value;
            return;
        }
        int bits = register.written(memory[at] & 0xFF, value);
        catchUp();
        switch (register) {
            case SECONDS, MINUTES, HOURS, DAY, MONTH, YEAR, CENTURY -> {
                if (!frozen) {
                    RtcCalendar.store(offsetSeconds + second(), memory, format());
                }
                memory[at] = (byte) bits;
                if (!frozen) {
                    adopt();
                }
            }
            case SECONDS_ALARM, MINUTES_ALARM, HOURS_ALARM -> memory[at] = (byte) bits;
            case A -> {
                memory[at] = (byte) bits;
                lastPeriodic = periodicTick();
                changeFrozen();
            }
            case B -> {
                // SET also switches the update interrupt off.
                memory[at] = (byte) ((bits & B_SET) != 0 ? bits & ~B_UPDATE : bits);
                lastPeriodic = Math.max(lastPeriodic, periodicTick() - 1);
                changeFrozen();
            }
            // The weekday follows from the date.
            case WEEKDAY, C, D -> {}
        }
        replan();
    }

    private int format() {
        return memory[RtcReg.B.index()];
    }

    private boolean dividerRuns() {
        return (memory[RtcReg.A.index()] & A_DIVIDER) == A_DIVIDER_RUNS;
    }

    private void changeFrozen() {
        dividerReset |= !dividerRuns();
        boolean nowFrozen = !dividerRuns() || (memory[RtcReg.B.index()] & B_SET) != 0;
        if (nowFrozen == frozen) {
            return;
        }
        if (nowFrozen) {
            RtcCalendar.store(offsetSeconds + second(), memory, format());
        } else {
            if (dividerReset) {
                phase = Math.floorMod(PHASE_AFTER_RESET - strand.clock().nanos(), SECOND);
                dividerReset = false;
                lastPeriodic = periodicTick();
            }
            adopt();
        }
        frozen = nowFrozen;
    }

    /// The registers become the time.
    private void adopt() {
        offsetSeconds = RtcCalendar.epochSecond(memory, format()) - second();
        lastSecond = second();
        set.accept(offsetSeconds + lastSecond);
    }

    /// Nanoseconds since a second began, at the zero of the seconds that [#second] counts.
    private long ticking() {
        return strand.clock().nanos() + phase;
    }

    private long second() {
        return ticking() / SECOND;
    }

    private boolean isUpdating() {
        return !frozen && SECOND - ticking() % SECOND <= UPDATE_WARNING;
    }

    /// Crystal ticks between periodic interrupts; 0 if there are none.
    private int period() {
        int rate = memory[RtcReg.A.index()] & 0x0F;
        if (rate == 0 || !dividerRuns()) {
            return 0;
        }
        // Rates 1 and 2 are the same as 8 and 9.
        return 1 << (rate <= 2 ? rate + 6 : rate - 1);
    }

    private long periodicTick() {
        int period = period();
        return period == 0 ? 0 : CRYSTAL.ticksAt(ticking()) / period;
    }

    private boolean isEnabled(int interrupt) {
        return (memory[RtcReg.B.index()] & interrupt) != 0;
    }

    /// Sets the flags of what happened since somebody looked last.
    private void catchUp() {
        long now = second();
        if (now > lastSecond) {
            if (!frozen) {
                flags |= UPDATE;
                long from = offsetSeconds + lastSecond;
                if (RtcCalendar.nextAlarm(from, memory, format()) <= offsetSeconds + now) {
                    flags |= ALARM;
                }
            }
            lastSecond = now;
        }
        long tick = periodicTick();
        if (tick > lastPeriodic) {
            if (!isEnabled(PERIODIC)) {
                flags |= PERIODIC;
                lastPeriodic = tick;
            } else if ((flags & PERIODIC) == 0) {
                flags |= PERIODIC;
                lastPeriodic = Math.max(lastPeriodic + 1, tick - MAX_BACKLOG);
            }
        }
    }

    private int takeFlags() {
        catchUp();
        int pending = flags & memory[RtcReg.B.index()] & (PERIODIC | ALARM | UPDATE);
        int taken = flags | (pending != 0 ? ANY_INTERRUPT : 0);
        flags = 0;
        replan();
        return taken;
    }

    private void expired() {
        catchUp();
        replan();
    }

    /// Drives the line, and sets the timer for the next enabled interrupt that is not pending yet.
    private void replan() {
        irq.set((flags & memory[RtcReg.B.index()] & (PERIODIC | ALARM | UPDATE)) != 0);
        long next = DeviceTimer.NEVER;
        if (!frozen && isEnabled(UPDATE) && (flags & UPDATE) == 0) {
            next = (lastSecond + 1) * SECOND - phase;
        }
        if (!frozen && isEnabled(ALARM) && (flags & ALARM) == 0) {
            long alarm = RtcCalendar.nextAlarm(offsetSeconds + lastSecond, memory, format());
            if (alarm != Long.MAX_VALUE) {
                next = Math.min(next, (alarm - offsetSeconds) * SECOND - phase);
            }
        }
        if (isEnabled(PERIODIC) && (flags & PERIODIC) == 0 && period() != 0) {
            next = Math.min(next, CRYSTAL.nanosAt((lastPeriodic + 1) * period()) - phase);
        }
        timer.set(next);
    }

    public RtcState state() {
        return new RtcState(
                boxed(memory),
                boxed(extended),
                index,
                extendedIndex,
                nmiMasked,
                flags,
                offsetSeconds,
                phase,
                frozen,
                dividerReset,
                lastSecond,
                lastPeriodic);
    }

    private static List<Byte> boxed(byte[] bytes) {
        var list = new ArrayList<Byte>(bytes.length);
        for (byte octet : bytes) {
            list.add(octet);
        }
        return List.copyOf(list);
    }

    public void restore(RtcState saved) {
        for (int i = 0; i < BANK; i++) {
            memory[i] = saved.memory().get(i);
            extended[i] = saved.extended().get(i);
        }
        index = saved.index();
        extendedIndex = saved.extendedIndex();
        nmiMasked = saved.nmiMasked();
        flags = saved.flags();
        offsetSeconds = saved.offsetSeconds();
        phase = saved.phase();
        frozen = saved.frozen();
        dividerReset = saved.dividerReset();
        lastSecond = saved.lastSecond();
        lastPeriodic = saved.lastPeriodic();
        replan();
    }
}
