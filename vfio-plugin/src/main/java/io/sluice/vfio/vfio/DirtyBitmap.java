package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;

/// The bits of a caller who asks which pages of a range of a container were written: one for each page, the lowest
/// first. They are set and never cleared.
final class DirtyBitmap {
    private static final long PAGE = ContainerRequests.DIRTY_PAGE_SIZES;

    private final long iova;
    private final long last;
    private final long[] bits;

    /// @throws HostException EINVAL for pages of another size, a range that is none, or a bitmap that is none or does
    /// not
    ///     fit it
    DirtyBitmap(long iova, long size, long pageSize, long[] bits) {
        long pages = Long.divideUnsigned(size, PAGE);
        if (pageSize != PAGE || size == 0 || ((iova | size) & PAGE - 1) != 0) {
            throw new HostException(Errno.EINVAL, "pages of " + pageSize + " bytes, no size, or parts of pages");
        }
        if (Long.compareUnsigned(iova + size - 1, iova) < 0) {
            throw new HostException(Errno.EINVAL, "beyond the last address");
        }
        if (Long.compareUnsigned(pages, Math.min(64L * bits.length, Integer.MAX_VALUE)) > 0
                || 8L * bits.length > ContainerRequests.DIRTY_BITMAP_SIZE) {
            throw new HostException(Errno.EINVAL, "a bitmap of " + bits.length + " words for " + pages + " pages");
        }
        this.iova = iova;
        this.last = iova + size - 1;
        this.bits = bits;
    }

    long first() {
        return iova;
    }

    long last() {
        return last;
    }

    /// Sets the bits of pages that are all in the range.
    void mark(long at, long pages) {
        int bit = (int) ((at - iova) / PAGE);
        int end = bit + (int) pages;
        while (bit < end) {
            int count = Math.min(end - bit, Long.SIZE - (bit & Long.SIZE - 1));
            bits[bit >>> 6] |= -1L >>> Long.SIZE - count << bit;
            bit += count;
        }
    }

    /// How many bits are set.
    long count() {
        long count = 0;
        for (long word : bits) {
            count += Long.bitCount(word);
        }
        return count;
    }
}
