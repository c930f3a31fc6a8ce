package io.sluice.vfio.host.pci;

import java.util.TreeMap;

/// Addresses `first..last` of one kind, and what of them is taken. Whoever holds the hierarchy changes it.
final class AddressRoom {
    /// Nothing fits in it.
    static final AddressRoom NONE = new AddressRoom(0, -1);

    private final long first;
    private final long last;
    /// First address to length.
    private final TreeMap<Long, Long> taken = new TreeMap<>();

    AddressRoom(long first, long last) {
        this.first = first;
        this.last = last;
    }

    long first() {
        return first;
    }

    long last() {
        return last;
    }

    boolean isEmpty() {
        return last < first;
    }

    /// Takes a place for good, or until [#give].
    void take(long at, long length) {
        taken.put(at, length);
    }

    /// Finds and takes the lowest place that is free.
    ///
    /// @param alignment a power of two
    /// @return the place, or -1 if there is none
    long find(long length, long alignment) {
        long at = align(first, alignment);
        for (var range : taken.entrySet()) {
            if (at + length <= range.getKey()) {
                break;
            }
            at = Math.max(at, align(range.getKey() + range.getValue(), alignment));
        }
        if (isEmpty() || at < first || at > last || length - 1 > last - at) {
            return -1;
        }
        take(at, length);
        return at;
    }

    void give(long at) {
        taken.remove(at);
    }

    static long align(long value, long alignment) {
        return value + alignment - 1 & -alignment;
    }
}
