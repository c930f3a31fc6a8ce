package io.sluice.vmm.device.uart;

import java.util.ArrayList;
import java.util.List;

/// Sixteen entries of a UART's FIFO: a byte with its line status bits above it.
final class ByteFifo {
    static final int DEPTH = 16;

    private final int[] entries = new int[DEPTH];
    private int head;
    private int count;

    int count() {
        return count;
    }

    boolean isEmpty() {
        return count == 0;
    }

    /// The caller has looked that there is room.
    void add(int entry) {
        entries[head + count & DEPTH - 1] = entry;
        count++;
    }

    /// The oldest entry, or 0.
    int first() {
        return count == 0 ? 0 : entries[head];
    }

    int remove() {
        int entry = entries[head];
        head = head + 1 & DEPTH - 1;
        count--;
        return entry;
    }

    /// Clears status bits of the oldest entry.
    void clearFirst(int bits) {
        entries[head] &= ~bits;
    }

    /// Whether any entry has one of `bits`.
    boolean any(int bits) {
        for (int i = 0; i < count; i++) {
            if ((entries[head + i & DEPTH - 1] & bits) != 0) {
                return true;
            }
        }
        return false;
    }

    void clear() {
        count = 0;
    }

    List<Integer> toList() {
        var list = new ArrayList<Integer>();
        for (int i = 0; i < count; i++) {
            list.add(entries[head + i & DEPTH - 1]);
        }
        return List.copyOf(list);
    }

    void restore(List<Integer> saved) {
        clear();
        saved.stream().limit(DEPTH).forEach(this::add);
    }
}
