package io.sluice.vmm.cpu.mmu;

import io.sluice.vmm.memory.NativeTable;

/// Direct-mapped cache of translations to host memory: pairs (tag, addend), so that a hit is one compare and one add.
///
/// A tag is the linear page with the context number in its low 12 bits. An entry can only ever be useless (a miss),
/// never wrong: it is dropped by INVLPG, by a change of the address space, by a write watch on its page, and a flush
/// of a context simply retires the context's number.
public final class Tlb {
    /// Two pages that a loop needs share an entry seldom enough; each time they do costs a walk.
    private static final int ENTRIES = 8192;
    private static final int ENTRY_BYTES = 16;
    /// From the page number, which starts at bit 12, to the entry's place in bytes.
    public static final int SHIFT = 8;

    public static final int MASK = (ENTRIES - 1) * ENTRY_BYTES;
    static final long EMPTY = -1L;

    private final NativeTable slots = new NativeTable(2 * ENTRIES);
    private final long base = slots.base();
    /// Nothing was put since it was cleared.
    private boolean empty;

    Tlb() {
        clear();
    }

    /// What fast paths give to [#slot].
    long base() {
        return base;
    }

    /// Where the entry for `linear` is in the table at `base`: its tag, and behind it its addend.
    static long slot(long base, long linear) {
        return base + (linear >>> SHIFT & MASK);
    }

    static long tag(long slot) {
        return NativeTable.get(slot);
    }

    /// What to add to a linear address of the page to get its host address.
    static long addend(long slot) {
        return NativeTable.get(slot + 8);
    }

    void clear() {
        if (empty) {
            return;
        }
        empty = true;
        for (long slot = base; slot < base + ENTRIES * ENTRY_BYTES; slot += ENTRY_BYTES) {
            NativeTable.put(slot, EMPTY);
        }
    }

    void put(long linear, long context, long addend) {
        long slot = slot(base, linear);
        NativeTable.put(slot, (linear & Mmu.PAGE_MASK) | context);
        NativeTable.put(slot + 8, addend);
        empty = false;
    }

    /// Drops the page in every context.
    void drop(long linear) {
        long slot = slot(base, linear);
        if (((tag(slot) ^ linear) & Mmu.PAGE_MASK) == 0) {
            NativeTable.put(slot, EMPTY);
        }
    }

    /// Drops all entries that lead into `[hostPage, hostPage + 4096)`.
    void dropHost(long hostPage) {
        if (empty) {
            return;
        }
        for (long slot = base; slot < base + ENTRIES * ENTRY_BYTES; slot += ENTRY_BYTES) {
            if (tag(slot) != EMPTY && (tag(slot) & Mmu.PAGE_MASK) + addend(slot) == hostPage) {
                NativeTable.put(slot, EMPTY);
            }
        }
    }
}
