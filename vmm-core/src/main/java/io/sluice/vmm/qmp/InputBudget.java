package io.sluice.vmm.qmp;

/// Memory that the messages of all sessions together may take before they are carried out. Runs on the loop.
final class InputBudget {
    private static final long MOST = 192L << 20;
    private static final int HEAP_SHARE = 4;

    private final long limit;
    private long taken;

    InputBudget(long limit) {
        this.limit = limit;
    }

    /// Enough for the largest message, on a heap that has the room.
    static InputBudget ofHeap() {
        return new InputBudget(Math.min(MOST, Runtime.getRuntime().maxMemory() / HEAP_SHARE));
    }

    /// @return whether there was enough
    boolean take(long bytes) {
        if (bytes > limit - taken) {
            return false;
        }
        taken += bytes;
        return true;
    }

    void give(long bytes) {
        taken -= bytes;
    }

    long taken() {
        return taken;
    }
}
