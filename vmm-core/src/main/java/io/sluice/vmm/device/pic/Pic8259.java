package io.sluice.vmm.device.pic;

import io.sluice.vmm.device.ByteDevice;

/// One 8259A (Intel data sheet 231468). Two ports: 0 takes ICW1, OCW2 and OCW3, 1 takes ICW2 to ICW4 and the mask.
final class Pic8259 implements ByteDevice {
    static final int NONE = -1;
    static final int SPURIOUS = 7;

    private static final int CASCADE = 1 << 2;
    private static final int ICW1 = 0x10;
    private static final int ICW1_NEEDS_ICW4 = 0x01;
    private static final int ICW1_SINGLE = 0x02;
    private static final int ICW1_LEVEL = 0x08;
    private static final int ICW4_AUTO_EOI = 0x02;
    private static final int ICW4_NESTED = 0x10;
    private static final int OCW3 = 0x08;
    private static final int OCW3_POLL = 0x04;

    private final boolean master;
    private final Runnable changed;
    private final int levelAllowed;

    private int lines;
    private int request;
    private int service;
    private int mask;
    private int levels;
    private int vectorBase;
    private int lowest = 7;
    private int nextWord;
    private boolean needsWord4;
    private boolean single;
    private boolean allLevel;
    private boolean autoEoi;
    private boolean rotateOnAutoEoi;
    private boolean nested;
    private boolean specialMask;
    private boolean readsService;
    private boolean polled;

    /// @param levelAllowed which inputs the edge/level register may switch to level
    /// @param changed told whenever [#pending] may have changed
    Pic8259(boolean master, int levelAllowed, Runnable changed) {
        this.master = master;
        this.levelAllowed = levelAllowed;
        this.changed = changed;
    }

    void reset() {
        request = 0;
        service = 0;
        mask = 0;
        levels = 0;
        vectorBase = 0;
        nextWord = 0;
        needsWord4 = false;
        single = false;
        allLevel = false;
        clearModes();
        changed.run();
    }

    private void clearModes() {
        lowest = 7;
        autoEoi = false;
        rotateOnAutoEoi = false;
        nested = false;
        specialMask = false;
        readsService = false;
        polled = false;
    }

    void setPin(int pin, boolean level) {
        int bit = 1 << pin;
        boolean rose = level && (lines & bit) == 0;
        lines = level ? lines | bit : lines & ~bit;
        if (isLevel(bit)) {
            request = level ? request | bit : request & ~bit;
        } else if (rose) {
            request |= bit;
        }
        changed.run();
    }

    private boolean isLevel(int bit) {
        return (levelInputs() & bit) != 0;
    }

    /// The master's cascade input follows the slave's output as a level: the slave drops its output for a moment after
    /// each acknowledge, so an edge detector there would see the same.
    private int levelInputs() {
        return allLevel ? 0xFF : master ? levels | CASCADE : levels;
    }

    int levels() {
        return levels;
    }

    void setLevels(int value) {
        levels = value & levelAllowed;
        request = request & ~levels | lines & levels;
        changed.run();
    }

    /// The input that asks for service now, or [#NONE].
    int pending() {
        int asking = request & ~mask;
        if (asking == 0) {
            return NONE;
        }
        int busy = specialMask ? service & ~mask : service;
        if (nested && master) {
            busy &= ~CASCADE;
        }
        int rank = rank(asking);
        return rank < rank(busy) ? lowest + 1 + rank & 7 : NONE;
    }

    /// Place of the highest-priority bit, 0 first; 8 if there is none.
    private int rank(int bits) {
        int turned = (bits << 8 | bits) >> (lowest + 1 & 7) & 0xFF;
        return turned == 0 ? 8 : Integer.numberOfTrailingZeros(turned);
    }

    /// The interrupt acknowledge cycle for `input`, which is [#pending]; gives its vector.
    int acknowledge(int input) {
        int bit = 1 << input;
        if (!autoEoi) {
            service |= bit;
        } else if (rotateOnAutoEoi) {
            lowest = input;
        }
        if (!isLevel(bit)) {
            request &= ~bit;
        }
        changed.run();
        return vectorBase + input;
    }

    /// What the chip puts on the bus when nothing asks any more.
    int spuriousVector() {
        return vectorBase + SPURIOUS;
    }

    @Override
    public int read(int offset) {
        if (polled) {
            polled = false;
            int input = pending();
            if (input == NONE) {
                return SPURIOUS;
            }
            acknowledge(input);
            return 0x80 | input;
        }
        if (offset == 1) {
            return mask;
        }
        return readsService ? service : request;
    }

    @Override
    public void write(int offset, int value) {
        if (offset == 1) {
            writeData(value);
        } else if ((value & ICW1) != 0) {
            initialize(value);
        } else if ((value & OCW3) != 0) {
            writeOcw3(value);
        } else {
            writeOcw2(value);
        }
        changed.run();
    }

    private void initialize(int icw1) {
        clearModes();
        mask = 0;
        service = 0;
        allLevel = (icw1 & ICW1_LEVEL) != 0;
        single = (icw1 & ICW1_SINGLE) != 0;
        needsWord4 = (icw1 & ICW1_NEEDS_ICW4) != 0;
        // The edge detectors start anew: only inputs in level mode still ask.
        request = lines & levelInputs();
        nextWord = 2;
    }

    private void writeData(int value) {
        switch (nextWord) {
            case 2 -> {
                vectorBase = value & 0xF8;
                nextWord = !single ? 3 : needsWord4 ? 4 : 0;
            }
            // The wiring of the cascade is fixed on this board.
            case 3 -> nextWord = needsWord4 ? 4 : 0;
            case 4 -> {
                autoEoi = (value & ICW4_AUTO_EOI) != 0;
                nested = (value & ICW4_NESTED) != 0;
                nextWord = 0;
            }
            default -> mask = value;
        }
    }

    private void writeOcw2(int value) {
        int level = value & 7;
        switch (value >> 5) {
            case 0 -> rotateOnAutoEoi = false;
            case 1 -> endHighest();
            case 3 -> service &= ~(1 << level);
            case 4 -> rotateOnAutoEoi = true;
            case 5 -> {
                int ended = endHighest();
                if (ended != NONE) {
                    lowest = ended;
                }
            }
            case 6 -> lowest = level;
            case 7 -> {
                service &= ~(1 << level);
                lowest = level;
            }
            default -> {}
        }
    }

    private int endHighest() {
        int rank = rank(specialMask ? service & ~mask : service);
        if (rank == 8) {
            return NONE;
        }
        int ended = lowest + 1 + rank & 7;
        service &= ~(1 << ended);
        return ended;
    }

    private void writeOcw3(int value) {
        if ((value & 0x40) != 0) {
            specialMask = (value & 0x20) != 0;
        }
        polled = (value & OCW3_POLL) != 0;
        if ((value & 0x02) != 0) {
            readsService = (value & 0x01) != 0;
        }
    }

    PicState.Chip state() {
        int flags = bit(needsWord4, 0)
                | bit(single, 1)
                | bit(allLevel, 2)
                | bit(autoEoi, 3)
                | bit(rotateOnAutoEoi, 4)
                | bit(nested, 5)
                | bit(specialMask, 6)
                | bit(readsService, 7)
                | bit(polled, 8);
        return new PicState.Chip(lines, request, service, mask, levels, vectorBase, lowest, nextWord, flags);
    }

    private static int bit(boolean flag, int position) {
        return flag ? 1 << position : 0;
    }

    void restore(PicState.Chip saved) {
        lines = saved.lines();
        request = saved.request();
        service = saved.service();
        mask = saved.mask();
        levels = saved.levels();
        vectorBase = saved.vectorBase();
        lowest = saved.lowest() & 7;
        nextWord = saved.nextWord();
        int flags = saved.flags();
        needsWord4 = (flags & 1) != 0;
        single = (flags >> 1 & 1) != 0;
        allLevel = (flags >> 2 & 1) != 0;
        autoEoi = (flags >> 3 & 1) != 0;
        rotateOnAutoEoi = (flags >> 4 & 1) != 0;
        nested = (flags >> 5 & 1) != 0;
        specialMask = (flags >> 6 & 1) != 0;
        readsService = (flags >> 7 & 1) != 0;
        polled = (flags >> 8 & 1) != 0;
    }
}
