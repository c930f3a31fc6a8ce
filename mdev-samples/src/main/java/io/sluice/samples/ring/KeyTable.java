package io.sluice.samples.ring;

import java.util.Arrays;

/// The keys of all clients: which memory a command may name. A key is the device's own lock before the IOMMU's. The
/// IOMMU knows the whole device; a key knows one client.
///
/// A key is a slot's number and a generation. The generation grows each time a slot is given out, also over a reset, so
/// a key that was taken away does not come to life when its slot is used again (before about a million uses).
final class KeyTable {
    static final int READ = 1;
    static final int WRITE = 2;
    static final int LOG_KEYS_EACH = 4;
    static final int KEYS_EACH = 1 << LOG_KEYS_EACH;

    private static final int SLOT_BITS = 12;
    private static final int SLOT_MASK = (1 << SLOT_BITS) - 1;
    private static final int FREE = 0;

    /// The key that is valid in each slot now.
    private final int[] keys;

    private final int[] generations;
    private final int[] owners;
    private final int[] rights;
    private final long[] firsts;
    private final long[] lengths;
    private final int[] held;

    KeyTable(int clients) {
        int slots = clients * KEYS_EACH;
        keys = new int[slots];
        generations = new int[slots];
        owners = new int[slots];
        rights = new int[slots];
        firsts = new long[slots];
        lengths = new long[slots];
        held = new int[clients];
    }

    int slots() {
        return keys.length;
    }

    boolean hasRoom(int client) {
        return held[client] < KEYS_EACH;
    }

    /// @return the key
    int register(int client, long first, long length, int granted) {
        int slot = 0;
        while (keys[slot] != FREE) {
            slot++;
        }
        int generation = generations[slot] + 1 & -1 >>> SLOT_BITS;
        generations[slot] = generation == 0 ? 1 : generation;
        keys[slot] = generations[slot] << SLOT_BITS | slot;
        owners[slot] = client;
        firsts[slot] = first;
        lengths[slot] = length;
        rights[slot] = granted;
        held[client]++;
        return keys[slot];
    }

    /// @return whether the client had it
    boolean deregister(int client, int key) {
        if (!isOf(client, key)) {
            return false;
        }
        keys[key & SLOT_MASK] = FREE;
        held[client]--;
        return true;
    }

    void drop(int client) {
        for (int slot = 0; slot < keys.length && held[client] > 0; slot++) {
            if (keys[slot] != FREE && owners[slot] == client) {
                deregister(client, keys[slot]);
            }
        }
    }

    void clear() {
        Arrays.fill(keys, FREE);
        Arrays.fill(held, 0);
    }

    private boolean isOf(int client, int key) {
        int slot = key & SLOT_MASK;
        return key != FREE && slot < keys.length && keys[slot] == key && owners[slot] == client;
    }

    /// Judges an access of `length` bytes. A length is never more than a command's, an offset may be anything.
    Status check(int client, int key, long offset, int length, int right) {
        if (!isOf(client, key)) {
            return Status.BAD_KEY;
        }
        int slot = key & SLOT_MASK;
        if (offset < 0 || offset > lengths[slot] - length) {
            return Status.BAD_RANGE;
        }
        return (rights[slot] & right) == 0 ? Status.NO_RIGHT : Status.DONE;
    }

    /// Where an offset is that [#check] allowed.
    long address(int key, long offset) {
        return firsts[key & SLOT_MASK] + offset;
    }
}
