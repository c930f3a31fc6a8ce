package io.sluice.vfio.host.memory;

import java.util.ArrayList;

/// How often each frame of one memory is held. A range costs the same however long it is: only its two ends are written
/// down, in a
/// hash table of differences. Looking is slow, and nobody on a hot path looks. Any thread.
///
/// `IoasBenchmark.mapAndUnmapAPage` pays for it.
final class PinLedger {
    private static final int SHIFT = 11;

    /// Unit of frames + 1; 0 for an empty slot.
    private long[] keys = new long[64];
    private int[] changes = new int[64];
    private int used;
    private long total;

    /// Counts `[first, first + length)` up or down.
    synchronized void add(long first, long length, int change) {
        if (length <= 0 || ((first | length) & (1 << SHIFT) - 1) != 0) {
            throw new IllegalArgumentException("frames at 0x" + Long.toHexString(first) + " + " + length);
        }
        change(first >>> SHIFT, change);
        change(first + length >>> SHIFT, -change);
        total += change * length;
        if (total < 0) {
            throw new IllegalStateException("more was let go than was held");
        }
    }

    private void change(long unit, int by) {
        int slot = slot(unit);
        if (keys[slot] == 0) {
            if (used >= keys.length / 2) {
                grow();
                slot = slot(unit);
            }
            keys[slot] = unit + 1;
            changes[slot] = by;
            used++;
            return;
        }
        changes[slot] += by;
        if (changes[slot] == 0) {
            remove(slot);
        }
    }

    private int slot(long unit) {
        int mask = keys.length - 1;
        int slot = home(unit);
        while (keys[slot] != 0 && keys[slot] != unit + 1) {
            slot = slot + 1 & mask;
        }
        return slot;
    }

    private int home(long unit) {
        return (int) (unit * 0x9E3779B97F4A7C15L >>> 32) & keys.length - 1;
    }

    private void grow() {
        var oldKeys = keys;
        var oldChanges = changes;
        keys = new long[2 * oldKeys.length];
        changes = new int[keys.length];
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldKeys[i] != 0) {
                int slot = slot(oldKeys[i] - 1);
                keys[slot] = oldKeys[i];
                changes[slot] = oldChanges[i];
            }
        }
    }

    /// Takes an entry out and moves up what had to go past it.
    private void remove(int slot) {
        int mask = keys.length - 1;
        used--;
        int hole = slot;
        for (int next = hole + 1 & mask; keys[next] != 0; next = next + 1 & mask) {
            int home = home(keys[next] - 1);
            if ((next - home & mask) >= (next - hole & mask)) {
                keys[hole] = keys[next];
                changes[hole] = changes[next];
                hole = next;
            }
        }
        keys[hole] = 0;
        changes[hole] = 0;
    }

    synchronized long total() {
        return total;
    }

    /// How often the unit that holds `offset` is held.
    synchronized int count(long offset) {
        int count = 0;
        for (int i = 0; i < keys.length; i++) {
            if (keys[i] != 0 && keys[i] - 1 <= offset >>> SHIFT) {
                count += changes[i];
            }
        }
        return count;
    }

    /// Bytes of a range that are held, each as often as it is held.
    synchronized long pinned(long first, long length) {
        long from = first >>> SHIFT;
        long to = first + length >>> SHIFT;
        var ends = new ArrayList<Long>();
        ends.add(from);
        for (int i = 0; i < keys.length; i++) {
            if (keys[i] - 1 > from && keys[i] - 1 < to) {
                ends.add(keys[i] - 1);
            }
        }
        ends.sort(null);
        ends.add(to);
        long sum = 0;
        for (int i = 0; i + 1 < ends.size(); i++) {
            sum += (ends.get(i + 1) - ends.get(i)) * count(ends.get(i) << SHIFT);
        }
        return sum << SHIFT;
    }
}
