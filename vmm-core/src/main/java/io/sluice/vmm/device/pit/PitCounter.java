package io.sluice.vmm.device.pit;

/// One counter of an 8254 (Intel data sheet 231164). It does not tick: its value and its output are functions of the
/// clock's tick, computed when somebody looks.
final class PitCounter {
    static final long NEVER = Long.MAX_VALUE;

    private static final int NOTHING = -1;

    private int mode = 3;
    private boolean bcd;
    private int access = 3;
    /// Counts of one period or run, 1 to 65536.
    private int count = 0x10000;
    /// A count that takes over at [#switchTick].
    private int nextCount;
    private long switchTick = NEVER;
    private boolean loaded;
    private boolean gate = true;
    private boolean running;
    private long start;
    private long frozen;
    private int writeLow = NOTHING;
    private boolean highNext;
    private boolean readHighNext;
    private int latchedCount = NOTHING;
    private int latchedStatus = NOTHING;

    void reset() {
        restore(new PitState.Counter(
                3, false, 3, 0x10000, 0, NEVER, false, gate, false, 0, 0, NOTHING, false, false, NOTHING, NOTHING));
    }

    int mode() {
        return mode;
    }

    int count() {
        return count;
    }

    boolean gate() {
        return gate;
    }

    /// A control word other than a latch command.
    void control(int word) {
        access = word >> 4 & 3;
        int wanted = word >> 1 & 7;
        mode = wanted > 5 ? wanted - 4 : wanted;
        bcd = (word & 1) != 0;
        loaded = false;
        running = false;
        frozen = 0;
        switchTick = NEVER;
        writeLow = NOTHING;
        highNext = false;
        readHighNext = false;
        latchedCount = NOTHING;
        latchedStatus = NOTHING;
    }

    /// Writes the data port; `true` if that completed a count and so changed the output's future.
    boolean write(int value, long tick) {
        switch (access) {
            case 1 -> load(value, tick);
            case 2 -> load(value << 8, tick);
            default -> {
                if (!highNext) {
                    writeLow = value;
                    highNext = true;
                    // In mode 0 the first byte stops the count and drops the output.
                    if (mode == 0) {
                        frozen = elapsed(tick);
                        running = false;
                        loaded = false;
                        return true;
                    }
                    return false;
                }
                highNext = false;
                load(value << 8 | Math.max(0, writeLow), tick);
            }
        }
        return true;
    }

    private void load(int raw, long tick) {
        int wanted = bcd ? fromBcd(raw) : raw;
        if (wanted == 0) {
            wanted = bcd ? 10_000 : 0x10000;
        }
        settle(tick);
        boolean triggered = mode == 1 || mode == 5;
        if (loaded && running && isPeriodic()) {
            nextCount = wanted;
            switchTick = periodEnd(tick);
        } else if (loaded && triggered) {
            // Taken at the next trigger; a run that is on goes to its end with the old count.
            nextCount = wanted;
        } else {
            count = wanted;
            nextCount = wanted;
            frozen = 0;
            loaded = true;
            running = !triggered && gate;
            // The count is taken over with the next clock.
            start = tick + 1;
        }
    }

    private boolean isPeriodic() {
        return mode == 2 || mode == 3;
    }

    /// Takes over a count whose period has come.
    private void settle(long tick) {
        if (tick >= switchTick) {
            start = switchTick;
            count = nextCount;
            switchTick = NEVER;
        }
    }

    private long periodEnd(long tick) {
        return start + (elapsed(tick) / count + 1) * count;
    }

    private long elapsed(long tick) {
        return running ? Math.max(0, tick - start) : frozen;
    }

    /// The gate input; `true` if that changed the output's future.
    boolean setGate(boolean level, long tick) {
        if (level == gate) {
            return false;
        }
        settle(tick);
        switch (mode) {
            case 0, 4 -> {
                frozen = elapsed(tick);
                running = loaded && level;
                start = tick - frozen;
            }
            case 2, 3 -> {
                // Low forces the output high and stops; the rising edge starts a new period.
                if (switchTick != NEVER) {
                    count = nextCount;
                    switchTick = NEVER;
                }
                frozen = 0;
                running = loaded && level;
                start = tick + 1;
            }
            default -> {
                if (level && loaded) {
                    count = nextCount;
                    running = true;
                    start = tick + 1;
                }
            }
        }
        gate = level;
        return true;
    }

    boolean output(long tick) {
        settle(tick);
        long elapsed = elapsed(tick);
        boolean started = loaded && running && tick >= start;
        return switch (mode) {
            case 0 -> loaded && elapsed >= count;
            case 1 -> !started || elapsed >= count;
            case 2 -> !started || elapsed % count != count - 1;
            case 3 -> !started || elapsed % count < count + 1 >> 1;
            default -> !started || elapsed != count;
        };
    }

    /// The first tick after `tick` at which the output rises, or [#NEVER].
    long nextRise(long tick) {
        settle(tick);
        if (!loaded || !running) {
            return NEVER;
        }
        long elapsed = Math.max(0, tick - start);
        return switch (mode) {
            case 0, 1 -> elapsed >= count ? NEVER : start + count;
            case 2, 3 -> switchTick != NEVER ? switchTick : periodEnd(Math.max(tick, start));
            default -> elapsed > count ? NEVER : start + count + 1;
        };
    }

    /// Whether the output rises again and again, every [#count] ticks.
    boolean repeats() {
        return isPeriodic() && loaded && running && switchTick == NEVER;
    }

    void latchCount(long tick) {
        if (latchedCount == NOTHING) {
            latchedCount = value(tick);
        }
    }

    void latchStatus(long tick) {
        if (latchedStatus == NOTHING) {
            boolean pending = !loaded || switchTick != NEVER || running && tick < start;
            latchedStatus = (output(tick) ? 0x80 : 0) | (pending ? 0x40 : 0) | access << 4 | mode << 1 | (bcd ? 1 : 0);
        }
    }

    int read(long tick) {
        if (latchedStatus != NOTHING) {
            int status = latchedStatus;
            latchedStatus = NOTHING;
            return status;
        }
        int value = latchedCount != NOTHING ? latchedCount : value(tick);
        boolean high = access == 2 || access == 3 && readHighNext;
        readHighNext = access == 3 && !readHighNext;
        if (!readHighNext) {
            latchedCount = NOTHING;
        }
        return high ? value >> 8 & 0xFF : value & 0xFF;
    }

    private int value(long tick) {
        settle(tick);
        long elapsed = elapsed(tick);
        int modulus = bcd ? 10_000 : 0x10000;
        int value = switch (mode) {
            case 2 -> (int) (count - elapsed % count);
            case 3 -> squareWave((int) (elapsed % count));
            default -> (int) Math.floorMod(count - elapsed, modulus);
        };
        return bcd ? toBcd(value % modulus) : value & 0xFFFF;
    }

    /// Counts by two, once for the high and once for the low half of the period.
    private int squareWave(int phase) {
        int half = count + 1 >> 1;
        return (count & ~1) - 2 * (phase < half ? phase : phase - half);
    }

    private static int toBcd(int value) {
        return value / 1000 % 10 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 | value % 10;
    }

    /// Digits above 9 count as they stand; more than 9999 wraps.
    private static int fromBcd(int raw) {
        return ((raw >> 12) * 1000 + (raw >> 8 & 0xF) * 100 + (raw >> 4 & 0xF) * 10 + (raw & 0xF)) % 10_000;
    }

    PitState.Counter state() {
        return new PitState.Counter(
                mode,
                bcd,
                access,
                count,
                nextCount,
                switchTick,
                loaded,
                gate,
                running,
                start,
                frozen,
                writeLow,
                highNext,
                readHighNext,
                latchedCount,
                latchedStatus);
    }

    void restore(PitState.Counter saved) {
        mode = saved.mode();
        bcd = saved.bcd();
        access = saved.access();
        count = Math.max(1, saved.count());
        nextCount = saved.nextCount();
        switchTick = saved.switchTick();
        loaded = saved.loaded();
        gate = saved.gate();
        running = saved.running();
        start = saved.start();
        frozen = saved.frozen();
        writeLow = saved.writeLow();
        highNext = saved.highNext();
        readHighNext = saved.readHighNext();
        latchedCount = saved.latchedCount();
        latchedStatus = saved.latchedStatus();
    }
}
