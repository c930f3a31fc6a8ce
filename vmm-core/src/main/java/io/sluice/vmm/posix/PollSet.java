package io.sluice.vmm.posix;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Descriptors that one thread waits for with poll(2), each at its index.
public final class PollSet {
    public static final short IN = 1;
    public static final short OUT = 4;
    public static final short ERROR = 8;
    public static final short HANGUP = 16;
    public static final short INVALID = 32;

    /// In the place of a descriptor: nothing is waited for there.
    public static final int NOTHING = -1;

    /// Sizes and places in `struct pollfd`: int fd, short events, short revents.
    private static final int BYTES = 8;

    private static final int EVENTS = 4;
    private static final int HAPPENED = 6;

    private final MemorySegment fds;

    /// @param most how many descriptors it can hold
    public PollSet(Arena arena, int most) {
        fds = arena.allocate((long) most * BYTES, BYTES);
    }

    public void set(int index, int fd, short events) {
        long at = (long) index * BYTES;
        fds.set(ValueLayout.JAVA_INT, at, fd);
        fds.set(ValueLayout.JAVA_SHORT, at + EVENTS, events);
        fds.set(ValueLayout.JAVA_SHORT, at + HAPPENED, (short) 0);
    }

    /// Waits until something happens to one of the first `count`, but not longer than `millis` milliseconds; -1 is for
    /// ever. May return early.
    ///
    /// @return whether something has
    public boolean await(int count, int millis) {
        return Libc.poll(fds, count, millis) > 0;
    }

    /// What has happened; errors and hang-ups are told even if they were not asked for.
    public short happened(int index) {
        return fds.get(ValueLayout.JAVA_SHORT, (long) index * BYTES + HAPPENED);
    }
}
