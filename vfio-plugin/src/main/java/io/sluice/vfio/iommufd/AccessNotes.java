package io.sluice.vfio.iommufd;

import java.util.TreeMap;

/// Which pages of an IOAS software devices have written, or have had pinned, since somebody asked: all that a device
/// can
/// have changed that reaches memory in no other way. What is pinned now is not in it, for that is known.
///
/// A bit for each page, kept for 2 MiB at a time, so that it costs what is used. Guarded by its context.
final class AccessNotes {
    private static final int PAGE_SHIFT = 12;
    private static final int CHUNK_SHIFT = 9;
    private static final int CHUNK_PAGES = 1 << CHUNK_SHIFT;
    private static final int WORDS = CHUNK_PAGES / Long.SIZE;

    /// By the pages' numbers, of which only 52 bits are used.
    private final TreeMap<Long, long[]> chunks = new TreeMap<>();

    /// Notes the pages of a range.
    void add(long first, long last) {
        long lastPage = last >>> PAGE_SHIFT;
        for (long page = first >>> PAGE_SHIFT; page <= lastPage; ) {
            long chunk = page >>> CHUNK_SHIFT;
            long end = Math.min(lastPage, (chunk + 1 << CHUNK_SHIFT) - 1);
            var bits = chunks.computeIfAbsent(chunk, key -> new long[WORDS]);
            for (; page <= end; page++) {
                bits[(int) (page & CHUNK_PAGES - 1) >>> 6] |= 1L << page;
            }
        }
    }

    /// Tells of each page of a range that was noted, and forgets it.
    void take(long first, long last, Iommufd.PageSink sink) {
        long firstPage = first >>> PAGE_SHIFT;
        long lastPage = last >>> PAGE_SHIFT;
        var met = chunks.subMap(firstPage >>> CHUNK_SHIFT, true, lastPage >>> CHUNK_SHIFT, true);
        for (var entries = met.entrySet().iterator(); entries.hasNext(); ) {
            var entry = entries.next();
            if (take(entry.getKey() << CHUNK_SHIFT, entry.getValue(), firstPage, lastPage, sink)) {
                entries.remove();
            }
        }
    }

    /// @return whether nothing is left of the chunk
    private static boolean take(long base, long[] bits, long firstPage, long lastPage, Iommufd.PageSink sink) {
        long rest = 0;
        for (int word = 0; word < WORDS; word++) {
            for (long left = bits[word]; left != 0; left &= left - 1) {
                long page = base + 64L * word + Long.numberOfTrailingZeros(left);
                if (page >= firstPage && page <= lastPage) {
                    bits[word] &= ~Long.lowestOneBit(left);
                    sink.pages(page << PAGE_SHIFT, 1);
                }
            }
            rest |= bits[word];
        }
        return rest == 0;
    }
}
