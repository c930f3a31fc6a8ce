package io.sluice.vfio.host.iommu;

/// The translations that one requester id has cached. Only the thread that does its DMA touches it.
final class Iotlb {
    static final int SIZE = 256;

    private final int granuleShift;
    /// Page number + 1; 0 for nothing.
    private final long[] pages = new long[SIZE];
    private final int[] domains = new int[SIZE];
    private final long[] entries = new long[SIZE];

    Iotlb(int granuleShift) {
        this.granuleShift = granuleShift;
    }

    /// The cached entry, or [PageTable#NONE].
    long find(int domain, long iova) {
        long page = iova >>> granuleShift;
        int slot = slot(domain, page);
        return pages[slot] == page + 1 && domains[slot] == domain ? entries[slot] : PageTable.NONE;
    }

    void put(int domain, long iova, long entry) {
        long page = iova >>> granuleShift;
        int slot = slot(domain, page);
        pages[slot] = page + 1;
        domains[slot] = domain;
        entries[slot] = entry;
    }

    private static int slot(int domain, long page) {
        return (int) page + 67 * domain & SIZE - 1;
    }

    /// Forgets what one domain translates from `first` to `last`.
    void forget(int domain, long first, long last) {
        long from = first >>> granuleShift;
        long to = last >>> granuleShift;
        if (to - from < SIZE / 2) {
            for (long page = from; page <= to; page++) {
                int slot = slot(domain, page);
                if (pages[slot] == page + 1 && domains[slot] == domain) {
                    pages[slot] = 0;
                }
            }
            return;
        }
        for (int slot = 0; slot < SIZE; slot++) {
            if (domains[slot] == domain && pages[slot] - 1 >= from && pages[slot] - 1 <= to) {
                pages[slot] = 0;
            }
        }
    }

    void forgetAll() {
        java.util.Arrays.fill(pages, 0);
    }
}
