package io.sluice.vmm.cpu.mmu;

import java.util.Arrays;

/// Direct-mapped cache of translations to physical pages, for what has no host address: device pages, and fetches.
/// Like [Tlb] an entry can be useless but never wrong.
final class DeviceTlb {
    private static final int ENTRIES = 256;

    private final long[] tags = new long[ENTRIES];
    private final long[] pages = new long[ENTRIES];

    DeviceTlb() {
        clear();
    }

    private static int index(long linear) {
        return (int) (linear >>> 12) & ENTRIES - 1;
    }

    /// The physical page, or -1.
    long find(long linear, long context) {
        int i = index(linear);
        return tags[i] == ((linear & Mmu.PAGE_MASK) | context) ? pages[i] : -1;
    }

    void put(long linear, long context, long page) {
        int i = index(linear);
        tags[i] = (linear & Mmu.PAGE_MASK) | context;
        pages[i] = page;
    }

    void drop(long linear) {
        int i = index(linear);
        if (((tags[i] ^ linear) & Mmu.PAGE_MASK) == 0) {
            tags[i] = Tlb.EMPTY;
        }
    }

    void clear() {
        Arrays.fill(tags, Tlb.EMPTY);
    }
}
