package io.sluice.vfio.enqcmd;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// Two levels, as the processor walks them: bits 19 to 10 of the guest's PASID find a table (bit 19 one of two
/// directories, bits 18 to 10 one of its 512 entries), bits 9 to 0 one of its 1024 entries. One writer at a time,
/// readers at any.
final class PasidDirectory {
    static final int GUEST_PASIDS = 1 << 20;
    static final int MISS = -1;

    private static final int DIRECTORY_ENTRIES = 2 * 512;
    private static final int TABLE_ENTRIES = 1024;
    private static final int TABLE_SHIFT = 10;
    private static final int VALID = 1 << 31;
    private static final int PASID = (1 << 20) - 1;

    private final AtomicReferenceArray<@Nullable AtomicIntegerArray> directory =
            new AtomicReferenceArray<>(DIRECTORY_ENTRIES);

    /// The host's PASID, or [#MISS]. Any thread; allocates nothing.
    int find(int guest) {
        if (guest < 0 || guest >= GUEST_PASIDS) {
            return MISS;
        }
        var table = directory.get(guest >>> TABLE_SHIFT);
        if (table == null) {
            return MISS;
        }
        int entry = table.get(guest & TABLE_ENTRIES - 1);
        return (entry & VALID) == 0 ? MISS : entry & PASID;
    }

    /// Makes room for an entry.
    void reserve(int guest) {
        if (directory.get(guest >>> TABLE_SHIFT) == null) {
            directory.set(guest >>> TABLE_SHIFT, new AtomicIntegerArray(TABLE_ENTRIES));
        }
    }

    /// There is room for it.
    void set(int guest, int host) {
        table(guest).set(guest & TABLE_ENTRIES - 1, VALID | host);
    }

    void clear(int guest) {
        table(guest).set(guest & TABLE_ENTRIES - 1, 0);
    }

    private AtomicIntegerArray table(int guest) {
        var table = directory.get(guest >>> TABLE_SHIFT);
        if (table == null) {
            throw new IllegalStateException("no table for PASID " + guest);
        }
        return table;
    }
}
