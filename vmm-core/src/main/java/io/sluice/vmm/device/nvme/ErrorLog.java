package io.sluice.vmm.device.nvme;

import java.nio.ByteBuffer;

/// The last errors (NVM Express 1.4 section 5.14.1.1), the latest first.
final class ErrorLog {
    static final int ENTRIES = 64;
    static final int ENTRY = 64;
    private static final int UNKNOWN = 0xFFFF;

    private final long[] counts = new long[ENTRIES];
    private final int[] queues = new int[ENTRIES];
    private final int[] commands = new int[ENTRIES];
    private final int[] statuses = new int[ENTRIES];
    private long count;

    void clear() {
        java.util.Arrays.fill(counts, 0);
        count = 0;
    }

    /// Errors since the controller was last reset wholly.
    long count() {
        return count;
    }

    /// @param queue 0xFFFF if it is not a command's error, and so is `command`
    void add(int queue, int command, NvmeStatus status) {
        int at = (int) (count++ % ENTRIES);
        counts[at] = count;
        queues[at] = queue & UNKNOWN;
        commands[at] = command & UNKNOWN;
        statuses[at] = status.bits() << 1;
    }

    void write(ByteBuffer page) {
        for (int i = 0; i < Math.min(count, ENTRIES); i++) {
            int at = (int) ((count - 1 - i) % ENTRIES);
            int base = i * ENTRY;
            page.putLong(base, counts[at]);
            page.putShort(base + 8, (short) queues[at]);
            page.putShort(base + 10, (short) commands[at]);
            page.putShort(base + 12, (short) statuses[at]);
            page.putShort(base + 14, (short) UNKNOWN);
        }
    }
}
