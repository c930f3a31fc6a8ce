package io.sluice.vfio.host.iommu;

import io.sluice.vmm.address.Bdf;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/// Tells of the faults of one unit: for each requester id [#MOST] in every [#PAUSE_NANOS], so that a device that faults
/// all the time costs the rest of the host no more than that, and does not hide what others do. Any thread; no lock.
final class FaultLog {
    static final int MOST = 64;
    /// 100 ms.
    static final long PAUSE_NANOS = 100_000_000;

    /// How much was told of one sender: the number of the period, and in the low half how often in it.
    static final class Sender {
        private final AtomicLong told = new AtomicLong();

        private boolean passes(int period) {
            long first = (long) period << Integer.SIZE | 1;
            long after = told.updateAndGet(now ->
                    (int) (now >>> Integer.SIZE) == period && now != 0 ? Math.min(now + 1, first + MOST) : first);
            return after < first + MOST;
        }
    }

    private final LongSupplier clock;
    private final List<DmaFaults> listeners = new CopyOnWriteArrayList<>();
    private final Sender strangers = new Sender();
    private final LongAdder count = new LongAdder();
    private final LongAdder untold = new LongAdder();

    FaultLog(LongSupplier clock) {
        this.clock = clock;
    }

    void listen(DmaFaults listener) {
        listeners.add(listener);
    }

    void drop(DmaFaults listener) {
        listeners.remove(listener);
    }

    /// Tells of a request by a requester id that is nobody's. All of them are one sender.
    void tellStranger(Bdf requester, int pasid, long iova, boolean write) {
        tell(strangers, requester, pasid, iova, write, DmaFaults.Reason.UNKNOWN_REQUESTER);
    }

    void tell(Sender sender, Bdf requester, int pasid, long iova, boolean write, DmaFaults.Reason reason) {
        count.increment();
        if (!sender.passes((int) (clock.getAsLong() / PAUSE_NANOS))) {
            untold.increment();
            return;
        }
        for (var listener : listeners) {
            listener.faulted(requester, pasid, iova, write, reason);
        }
    }

    long count() {
        return count.sum();
    }

    long untold() {
        return untold.sum();
    }
}
