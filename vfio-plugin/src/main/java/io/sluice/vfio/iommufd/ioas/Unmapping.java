package io.sluice.vfio.iommufd.ioas;

/// How far an unmapping has come, which may have to stop for accesses to let go.
public final class Unmapping {
    final long first;
    final long last;
    long bytes;

    public Unmapping(long first, long last) {
        this.first = first;
        this.last = last;
    }

    /// Bytes that are unmapped by now.
    public long bytes() {
        return bytes;
    }
}
