package io.sluice.vmm.cpu.mmu;

import java.util.Arrays;

/// Direct-mapped cache of translations to host memory: pairs (tag, addend), so that a hit is one compare and one add.
///
/// A tag is the linear page with the context number in its low 12 bits. An entry can only ever be useless (a miss),
/// never wrong: it is dropped by INVLPG, by a change of the address space, by a write watch on its page, and a flush
/// of a context simply retires the context's number.
final class Tlb {
    static final int ENTRIES = 1024;
    static final int INDEX_SHIFT = 11;
    static final int INDEX_MASK = (ENTRIES - 1) << 1;
    static final long EMPTY = -1L;

    final long[] slots = new long[2 * ENTRIES];

    Tlb() {
        clear();
    }

    static int index(long linear) {
        return (int) (linear >>> INDEX_SHIFT) & INDEX_MASK;
    }

    void clear() {
        Arrays.fill(slots, EMPTY);
    }

    void put(long linear, long context, long addend) {
        int i = index(linear);
        slots[i] = (linear & Mmu.PAGE_MASK) | context;
        slots[i + 1] = addend;
    }

    /// Drops the page in every context.
    void drop(long linear) {
        int i = index(linear);
        if (((slots[i] ^ linear) & Mmu.PAGE_MASK) == 0) {
            slots[i] = EMPTY;
        }
    }

    /// Drops all entries that lead into `[hostPage, hostPage + 4096)`.
    void dropHost(long hostPage) {
        for (int i = 0; i < slots.length; i += 2) {
            if (slots[i] != EMPTY && (slots[i] & Mmu.PAGE_MASK) + slots[i + 1] == hostPage) {
                slots[i] = EMPTY;
            }
        }
    }
}
