package io.sluice.vmm.disk;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The pieces of memory of one system call (`struct iovec`), and where it puts its errno. For one thread at a time.
public final class IoVector {
    /// IOV_MAX of Linux.
    public static final int MOST = 1024;

    private static final int ENTRY = 16;

    private final MemorySegment errno;
    private final MemorySegment entries;
    private int count;
    private long bytes;

    public IoVector() {
        var arena = Arena.ofAuto();
        errno = arena.allocate(LinuxFile.ERRNO_LAYOUT);
        entries = arena.allocate((long) MOST * ENTRY, 8);
    }

    public void clear() {
        count = 0;
        bytes = 0;
    }

    /// Adds `length` bytes at the address `host` of this process; `false` if there is no room.
    public boolean add(long host, int length) {
        if (count == MOST) {
            return false;
        }
        entries.set(ValueLayout.JAVA_LONG, (long) count * ENTRY, host);
        entries.set(ValueLayout.JAVA_LONG, (long) count * ENTRY + 8, length);
        count++;
        bytes += length;
        return true;
    }

    /// Makes it one piece.
    public IoVector only(long host, int length) {
        clear();
        add(host, length);
        return this;
    }

    /// Of all pieces together.
    public long bytes() {
        return bytes;
    }

    int count() {
        return count;
    }

    MemorySegment entries() {
        return entries;
    }

    MemorySegment errno() {
        return errno;
    }
}
