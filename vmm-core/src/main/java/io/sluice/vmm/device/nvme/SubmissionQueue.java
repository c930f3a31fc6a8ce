package io.sluice.vmm.device.nvme;

/// A submission queue: the guest writes entries and moves the tail, the controller takes them and moves the head.
final class SubmissionQueue {
    /// For what belongs to no queue.
    static final SubmissionQueue NONE = new SubmissionQueue(-1, 0, 2, new CompletionQueue(-1, 0, 2, 0, false));

    final int id;
    final long base;
    final int size;
    final CompletionQueue completions;
    int head;
    int tail;

    SubmissionQueue(int id, long base, int size, CompletionQueue completions) {
        this.id = id;
        this.base = base;
        this.size = size;
        this.completions = completions;
    }

    boolean isEmpty() {
        return head == tail;
    }

    /// Where the next entry lies; it is taken.
    long take() {
        long at = base + (long) head * Command.BYTES;
        head = head + 1 == size ? 0 : head + 1;
        return at;
    }
}
