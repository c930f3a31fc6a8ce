package io.sluice.vfio.guest;

import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioRegion;
import java.util.LinkedHashMap;
import java.util.Map;

/// The config region of a vfio device, read as PCI lays it out. What a device says here is not trusted.
final class DeviceConfig {
    static final int FIRST_CAPABILITY = 0x40;
    static final int SIZE = 256;
    private static final int STATUS = 0x06;
    private static final int CAPABILITIES = 0x34;
    private static final int FIRST_BAR = 0x10;
    private static final int BARS = 6;
    private static final int HAS_CAPABILITIES = 1 << 4;

    private final VfioDevice device;
    private final Tenure tenure;

    DeviceConfig(VfioDevice device) {
        this.device = device;
        this.tenure = new Tenure(device);
    }

    /// What one BAR turned out to be.
    ///
    /// @param size 0 if there is none
    record Probe(boolean io, boolean wide, boolean prefetchable, long size) {
        static final Probe NONE = new Probe(false, false, false, 0);
    }

    int read(int offset, int size) {
        return tenure.isOver() ? -1 : (int) device.load(VfioRegion.CONFIG, offset, size);
    }

    void write(int offset, int size, int value) {
        if (!tenure.isOver()) {
            device.store(VfioRegion.CONFIG, offset, size, value & 0xFFFF_FFFFL);
        }
    }

    /// Sizes a BAR as a guest does: all ones in, mask out, old value back.
    Probe probe(int bar) {
        int offset = FIRST_BAR + 4 * bar;
        int before = read(offset, 4);
        int mask = probeMask(offset, before);
        if ((before & 1) != 0) {
            long size = Integer.toUnsignedLong(-(mask & ~3)) & 0xFFFF;
            return (mask & ~3) == 0 || Long.bitCount(size) != 1 ? Probe.NONE : new Probe(true, false, false, size);
        }
        boolean wide = (before & 6) == 4 && bar + 1 < BARS;
        long bits = mask & 0xFFFF_FFF0L;
        if (wide) {
            bits |= (long) probeMask(offset + 4, read(offset + 4, 4)) << 32;
        } else {
            bits |= -1L << 32;
        }
        long size = -bits;
        boolean any = wide ? bits != 0 : (mask & ~0xF) != 0;
        return any && Long.bitCount(size) == 1 && size > 0
                ? new Probe(false, wide, (before & 8) != 0, size)
                : Probe.NONE;
    }

    private int probeMask(int offset, int before) {
        write(offset, 4, -1);
        int mask = read(offset, 4);
        write(offset, 4, before);
        return mask;
    }

    /// The chain of capabilities: offset to id, in the chain's order. A chain that loops or leaves its place ends.
    Map<Integer, Integer> capabilities() {
        var found = new LinkedHashMap<Integer, Integer>();
        if ((read(STATUS, 2) & HAS_CAPABILITIES) == 0) {
            return found;
        }
        int at = read(CAPABILITIES, 1) & 0xFC;
        while (at >= FIRST_CAPABILITY && !found.containsKey(at)) {
            found.put(at, read(at, 1) & 0xFF);
            at = read(at + 1, 1) & 0xFC;
        }
        return found;
    }
}
