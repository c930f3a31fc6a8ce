package io.sluice.vfio.iommufd.ioas;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Addresses that nobody may map, each kept by whoever needs it so: a domain what is outside its aperture, a device its
/// reserved regions. There are a few, so they are a list.
final class ReservedRanges {
    private record Kept(Object owner, IovaRange range) {}

    private final List<Kept> kept = new ArrayList<>();

    private @Nullable List<IovaRange> free;

    void add(Object owner, IovaRange range) {
        kept.add(new Kept(owner, range));
        free = null;
    }

    void removeAll(Object owner) {
        kept.removeIf(entry -> entry.owner.equals(owner));
        free = null;
    }

    boolean meets(long first, long last) {
        for (int i = 0; i < kept.size(); i++) {
            if (kept.get(i).range.meets(first, last)) {
                return true;
            }
        }
        return false;
    }

    /// What is not kept, in order. Computed once after each change.
    List<IovaRange> free() {
        var ranges = free;
        if (ranges == null) {
            ranges = List.copyOf(holes());
            free = ranges;
        }
        return ranges;
    }

    private List<IovaRange> holes() {
        var sorted = kept.stream()
                .map(Kept::range)
                .sorted(Comparator.comparing(IovaRange::first, Long::compareUnsigned))
                .toList();
        var holes = new ArrayList<IovaRange>();
        long at = 0;
        for (var range : sorted) {
            if (Long.compareUnsigned(at, range.first()) < 0) {
                holes.add(new IovaRange(at, range.first() - 1));
            }
            if (range.last() == -1) {
                return holes;
            }
            if (Long.compareUnsigned(at, range.last()) <= 0) {
                at = range.last() + 1;
            }
        }
        holes.add(new IovaRange(at, -1));
        return holes;
    }
}
