package io.sluice.samples.ring;

/// The first errors, for the owner to read: the first says what the others come from. What finds no room is counted.
final class ErrorLog {
    static final int ROOM = 16;
    /// Added to a [Status]; a [StopReason] stands as it is.
    static final int REFUSED = 0x40;

    private static final int MOST_LOST = 0xFFFF;
    private static final long VALID = 1L << 31;

    private final long[] entries = new long[ROOM];
    private final long[] places = new long[ROOM];
    private int oldest;
    private int count;
    private int lost;

    void stopped(int client, StopReason reason, long at) {
        add(reason.ordinal(), client, at);
    }

    void refused(int client, Status status, long at) {
        add(REFUSED | status.ordinal(), client, at);
    }

    private void add(int what, int client, long at) {
        if (count == ROOM) {
            lost = Math.min(lost + 1, MOST_LOST);
            return;
        }
        int place = (oldest + count) % ROOM;
        entries[place] = VALID | client << 8 | what;
        places[place] = at;
        count++;
    }

    void next() {
        if (count > 0) {
            oldest = (oldest + 1) % ROOM;
            count--;
        }
    }

    void clear() {
        count = 0;
        lost = 0;
    }

    long counts() {
        return (long) lost << 16 | count;
    }

    /// The oldest; 0 if there is none.
    long entry() {
        return count == 0 ? 0 : entries[oldest];
    }

    long place() {
        return count == 0 ? 0 : places[oldest];
    }
}
