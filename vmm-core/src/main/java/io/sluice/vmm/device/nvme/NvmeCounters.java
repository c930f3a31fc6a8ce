package io.sluice.vmm.device.nvme;

/// What a controller has done. Written on its strand; any thread reads, a little late.
public final class NvmeCounters {
    /// Classes of commands.
    public enum Kind {
        ADMIN,
        READ,
        WRITE,
        FLUSH,
        OTHER
    }

    private final long[] commands = new long[Kind.values().length];
    private long errors;
    private long waited;

    void taken(Kind kind) {
        commands[kind.ordinal()]++;
    }

    void failed() {
        errors++;
    }

    void handedOver() {
        waited++;
    }

    /// Commands that were taken from a queue.
    public long commands(Kind kind) {
        return commands[kind.ordinal()];
    }

    /// Commands that ended otherwise than well.
    public long errors() {
        return errors;
    }

    /// I/O commands that went to the drive's thread.
    public long waited() {
        return waited;
    }
}
