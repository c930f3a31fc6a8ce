package io.sluice.vfio.iommufd.ioas;

/// A part `[start, end)` of a page object that is pinned, and by how many.
final class Segment {
    final long start;
    long end;
    int users;
    /// Users that begin or end right at `start`. While there is none, and what lies before was pinned in the same go,
    /// the two are one.
    int edges;

    final Runs runs;

    Segment(long start, long end, int users, Runs runs) {
        this.start = start;
        this.end = end;
        this.users = users;
        this.runs = runs;
    }
}
