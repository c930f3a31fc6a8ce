package io.sluice.vmm.disk;

/// What was done with a drive. Written by its device, on its strand; any thread reads, a little late.
public final class DriveStats {
    /// What is counted apart.
    public enum Kind {
        READ,
        WRITE,
        FLUSH,
        UNMAP
    }

    private static final int KINDS = Kind.values().length;

    private final long[] operations = new long[KINDS];
    private final long[] bytes = new long[KINDS];
    private final long[] nanos = new long[KINDS];
    private final long[] failed = new long[KINDS];
    private final long[] invalid = new long[KINDS];
    private long highestWritten;

    /// An operation that was done.
    public void done(Kind kind, long length, long time) {
        operations[kind.ordinal()]++;
        bytes[kind.ordinal()] += length;
        nanos[kind.ordinal()] += time;
    }

    /// An operation that the file failed.
    public void failed(Kind kind, long time) {
        failed[kind.ordinal()]++;
        nanos[kind.ordinal()] += time;
    }

    /// An operation that was refused before it came to the file.
    public void refused(Kind kind) {
        invalid[kind.ordinal()]++;
    }

    /// A write that ended before `end`.
    public void wroteUpTo(long end) {
        if (end > highestWritten) {
            highestWritten = end;
        }
    }

    public long operations(Kind kind) {
        return operations[kind.ordinal()];
    }

    public long bytes(Kind kind) {
        return bytes[kind.ordinal()];
    }

    public long nanos(Kind kind) {
        return nanos[kind.ordinal()];
    }

    public long failures(Kind kind) {
        return failed[kind.ordinal()];
    }

    public long refusals(Kind kind) {
        return invalid[kind.ordinal()];
    }

    /// Just behind the last byte that was ever written.
    public long highestWritten() {
        return highestWritten;
    }
}
