package io.sluice.vfio.host.iommu;

import java.util.Arrays;

/// Translations that were cached, for one requester id. Only touched while its epoch is odd, by who made it so.
///
/// What is put may be lost, and is never wrong: [Invalidations] are taken before anything is looked for.
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

    /// The domain, as it stands here for requests with supervisor's privilege.
    static int supervisor(int domain) {
        return ~domain;
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

    /// Forgets what one domain translates from `first` to `last`, of all privileges.
    ///
    /// @param last inclusive; both without sign
    void forget(int domain, long first, long last) {
        long from = first >>> granuleShift;
        long to = last >>> granuleShift;
        if (to - from < SIZE / 4) {
            for (long page = from; page <= to; page++) {
                forgetPage(domain, page);
                forgetPage(supervisor(domain), page);
            }
            return;
        }
        for (int slot = 0; slot < SIZE; slot++) {
            boolean its = domains[slot] == domain || domains[slot] == supervisor(domain);
            if (its && pages[slot] - 1 >= from && pages[slot] - 1 <= to) {
                pages[slot] = 0;
            }
        }
    }

    private void forgetPage(int domain, long page) {
        int slot = slot(domain, page);
        if (pages[slot] == page + 1 && domains[slot] == domain) {
            pages[slot] = 0;
        }
    }

    void forgetAll() {
        Arrays.fill(pages, 0);
    }

    /// How many it holds.
    int count() {
        return (int) Arrays.stream(pages).filter(page -> page != 0).count();
    }
}
