package io.sluice.vmm.device.nvme;

/// A completion queue: the controller writes entries and moves the tail, the guest takes them and moves the head.
///
/// A command is taken only when its completion has a place: there is always room for what ends.
final class CompletionQueue {
    static final int ENTRY = 16;

    final int id;
    final long base;
    final int size;
    final int vector;
    final boolean interrupts;
    int head;
    int tail;
    /// The phase bit of entries of this round.
    boolean phase = true;
    /// Commands that are under way and will end here.
    int reserved;
    /// Submission queues that end here.
    int users;
    /// Entries were written that nobody was told of.
    boolean news;

    CompletionQueue(int id, long base, int size, int vector, boolean interrupts) {
        this.id = id;
        this.base = base;
        this.size = size;
        this.vector = vector;
        this.interrupts = interrupts;
    }

    /// Entries that the guest has not taken.
    int used() {
        int used = tail - head;
        return used < 0 ? used + size : used;
    }

    boolean hasRoom() {
        return used() + reserved < size - 1;
    }

    /// Moves the head; `false` if the guest says that it took what is not there.
    boolean take(int newHead) {
        int taken = newHead - head;
        if ((taken < 0 ? taken + size : taken) > used()) {
            return false;
        }
        head = newHead;
        return true;
    }

    /// Where the next entry lies.
    long next() {
        return base + (long) tail * ENTRY;
    }

    void advance() {
        if (++tail == size) {
            tail = 0;
            phase = !phase;
        }
    }
}
