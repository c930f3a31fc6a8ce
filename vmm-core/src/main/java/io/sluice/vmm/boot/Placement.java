package io.sluice.vmm.boot;

import java.util.ArrayList;
import java.util.List;

/// Finds room in usable RAM for what a loader puts there; nothing it hands out overlaps anything else it knows of.
final class Placement {
    /// The real-mode interrupt table and the BIOS data area stay free.
    static final long LOWEST = 0x1000;

    private record Taken(long first, long last) {}

    private final MemoryMap map;
    private final List<Taken> taken = new ArrayList<>();

    Placement(MemoryMap map) {
        this.map = map;
    }

    /// Takes a range that the image itself names. Such ranges may overlap one another.
    void reserve(String what, long first, long length) {
        long last = first + length - 1;
        if (length <= 0 || first < 0 || last < first || !map.usable(first, last)) {
            throw new BootException(what + " does not fit into memory: it wants 0x" + Long.toHexString(first) + " to 0x"
                    + Long.toHexString(last) + ", and the guest has " + summary());
        }
        taken.add(new Taken(first, last));
    }

    /// The lowest free place from `from` on.
    long lowest(String what, long from, long length, long alignment) {
        long best = -1;
        for (var entry : map.entries()) {
            long at = up(Math.max(entry.first(), from), alignment);
            for (var block = blocking(at, length); block != null; block = blocking(at, length)) {
                at = up(block.last() + 1, alignment);
            }
            if (entry.kind() == MemoryMap.Kind.USABLE && at + length - 1 <= entry.last() && (best < 0 || at < best)) {
                best = at;
            }
        }
        return take(what, best, length);
    }

    /// The highest free place that ends at `limit` or below.
    long highest(String what, long limit, long length, long alignment) {
        long best = -1;
        for (var entry : map.entries()) {
            long at = Math.min(entry.last(), limit) - length + 1 & -alignment;
            for (var block = blocking(at, length); block != null; block = blocking(at, length)) {
                at = block.first() - length & -alignment;
            }
            if (entry.kind() == MemoryMap.Kind.USABLE && at >= Math.max(entry.first(), LOWEST)) {
                best = Math.max(best, at);
            }
        }
        return take(what, best, length);
    }

    private long take(String what, long at, long length) {
        if (at < 0) {
            throw new BootException(
                    "no room in memory for " + what + " of " + length + " bytes, the guest has " + summary());
        }
        taken.add(new Taken(at, at + length - 1));
        return at;
    }

    private @org.jspecify.annotations.Nullable Taken blocking(long at, long length) {
        for (var range : taken) {
            if (at <= range.last() && range.first() <= at + length - 1) {
                return range;
            }
        }
        return null;
    }

    private static long up(long address, long alignment) {
        return address + alignment - 1 & -alignment;
    }

    private String summary() {
        long usable = map.entries().stream()
                .filter(e -> e.kind() == MemoryMap.Kind.USABLE)
                .mapToLong(MemoryMap.Entry::length)
                .sum();
        return usable / 1024 + " KiB usable";
    }
}
