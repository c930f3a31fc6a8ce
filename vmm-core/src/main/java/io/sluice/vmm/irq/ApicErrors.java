package io.sluice.vmm.irq;

import java.util.concurrent.atomic.AtomicInteger;

/// The error status: errors gather until the guest writes the register, which shows them and starts anew (SDM 3A
/// 10.5.3).
final class ApicErrors {
    static final int SEND_VECTOR = 1 << 5;
    static final int RECEIVE_VECTOR = 1 << 6;
    static final int REGISTER = 1 << 7;

    private final AtomicInteger posted = new AtomicInteger();
    private int gathered;
    private int shown;

    void clear() {
        posted.set(0);
        gathered = 0;
        shown = 0;
    }

    /// From any thread; [#takePosted] brings it to the owner.
    void post(int bits) {
        posted.getAndAccumulate(bits, (a, b) -> a | b);
    }

    int takePosted() {
        return posted.get() == 0 ? 0 : posted.getAndSet(0);
    }

    void gather(int bits) {
        gathered |= bits;
    }

    void show() {
        shown = gathered | takePosted();
        gathered = 0;
    }

    int shown() {
        return shown;
    }

    int gathered() {
        return gathered | posted.get();
    }

    void restore(int savedShown, int savedGathered) {
        posted.set(0);
        shown = savedShown;
        gathered = savedGathered;
    }
}
