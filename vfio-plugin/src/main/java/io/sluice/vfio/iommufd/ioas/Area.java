package io.sluice.vfio.iommufd.ioas;

import org.jspecify.annotations.Nullable;

/// I/O virtual addresses that are mapped to a part of a page object. Also a node of the [AreaTree] that it is in.
public final class Area {
    final long first;
    final long last;
    final PageObject pages;
    /// Where in the page object `first` is, in bytes.
    final long start;
    final boolean readable;
    final boolean writable;

    /// Whether it holds its part of the page object pinned, for the domains of its IOAS.
    boolean filled;

    /// On its way out: no access may pin any more.
    boolean closed;

    /// Pins of accesses in it.
    int accesses;

    /// Owners who do not let it go.
    int locks;

    @Nullable
    Area left;

    @Nullable
    Area right;

    int height;
    /// Of the subtree: its first address, its last, and the largest hole between two of its areas.
    long lowest;

    long highest;
    long hole;

    Area(long first, long last, PageObject pages, long start, boolean readable, boolean writable) {
        this.first = first;
        this.last = last;
        this.pages = pages;
        this.start = start;
        this.readable = readable;
        this.writable = writable;
    }

    public long first() {
        return first;
    }

    public long last() {
        return last;
    }

    /// What stands behind it.
    public PageObject pages() {
        return pages;
    }

    /// Bytes; 0 if it is all 2^64 of them.
    public long length() {
        return last - first + 1;
    }

    /// Where in the page object the address `iova` is.
    long offset(long iova) {
        return start + (iova - first);
    }

    /// Whether addresses, offset and length are multiples of `alignment`, a power of two.
    boolean isAligned(long alignment) {
        return ((first | last + 1 | start) & alignment - 1) == 0;
    }

    /// `[first, last]` of it, as an area of its own.
    Area part(long first, long last) {
        return new Area(first, last, pages, offset(first), readable, writable);
    }

    @Override
    public String toString() {
        return new IovaRange(first, last) + (readable ? " r" : " -") + (writable ? "w" : "-");
    }
}
