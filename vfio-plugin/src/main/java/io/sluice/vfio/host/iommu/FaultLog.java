package io.sluice.vfio.host.iommu;

import io.sluice.vmm.address.Bdf;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/// Tells of the faults of one unit, [#MOST] in every [#PAUSE_NANOS]: a device that faults all the time costs the rest
/// of
/// the host no more than that. Any thread; no lock.
final class FaultLog {
    static final int MOST = 256;
    /// 100 ms.
    static final long PAUSE_NANOS = 100_000_000;

    private final LongSupplier clock;
    private final List<DmaFaults> listeners = new CopyOnWriteArrayList<>();
    private final LongAdder count = new LongAdder();
    private final LongAdder untold = new LongAdder();
    /// The number of the period, and in the low half how many were told in it.
    private final AtomicLong told = new AtomicLong();

    FaultLog(LongSupplier clock) {
        this.clock = clock;
    }

    void listen(DmaFaults listener) {
        listeners.add(listener);
    }

    void tell(Bdf requester, int pasid, long iova, boolean write, DmaFaults.Reason reason) {
        count.increment();
        if (!passes()) {
            untold.increment();
            return;
        }
        for (var listener : listeners) {
            listener.faulted(requester, pasid, iova, write, reason);
        }
    }

    private boolean passes() {
        int period = (int) (clock.getAsLong() / PAUSE_NANOS);
        long first = (long) period << Integer.SIZE | 1;
        long after = told.updateAndGet(
                now -> (int) (now >>> Integer.SIZE) == period && now != 0 ? Math.min(now + 1, first + MOST) : first);
        return after < first + MOST;
    }

    long count() {
        return count.sum();
    }

    long untold() {
        return untold.sum();
    }
}
