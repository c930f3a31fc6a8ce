package io.sluice.vmm.memory;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/// All RAM that is mapped in this process, and buffers beside it: what the checked accessor checks against.
final class LiveRam {
    private record Range(long base, long length) {
        boolean holds(long address, long size) {
            return address - base >= 0 && address - base <= length - size && size >= 0 && size <= length;
        }
    }

    private static final List<Range> LIVE = new CopyOnWriteArrayList<>();

    private LiveRam() {}

    static void add(long base, long length) {
        LIVE.add(new Range(base, length));
    }

    static void remove(long base, long length) {
        LIVE.remove(new Range(base, length));
    }

    static void check(long address, long size) {
        for (var range : LIVE) {
            if (range.holds(address, size)) {
                return;
            }
        }
        throw new IllegalStateException("host address 0x" + Long.toHexString(address) + " + " + size + " is not RAM");
    }
}
