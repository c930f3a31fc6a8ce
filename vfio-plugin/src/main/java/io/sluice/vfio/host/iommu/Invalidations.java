package io.sluice.vfio.host.iommu;

import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/// What one requester id has to forget, on its way to the thread that does its DMA. Any thread posts; one takes.
///
/// A post is seen by every DMA operation that starts after it. If more come than fit before one starts, it forgets all.
final class Invalidations {
    private static final int SIZE = 32;

    private final int[] domains = new int[SIZE];
    private final long[] firsts = new long[SIZE];
    private final long[] lasts = new long[SIZE];
    private volatile long posted;
    private long taken;

    synchronized void post(int domain, long first, long last) {
        int slot = (int) posted & SIZE - 1;
        // What is overwritten here was counted as posted long ago, for everybody.
        VarHandle.storeStoreFence();
        domains[slot] = domain;
        firsts[slot] = first;
        lasts[slot] = last;
        posted = posted + 1;
    }

    /// Whether there is something to take.
    boolean isPending() {
        return posted != taken;
    }

    /// Applies everything that was posted.
    void take(Iotlb cache, @Nullable Iotlb other) {
        long until = posted;
        if (until - taken < SIZE) {
            for (long i = taken; i < until; i++) {
                int slot = (int) i & SIZE - 1;
                cache.forget(domains[slot], firsts[slot], lasts[slot]);
                if (other != null) {
                    other.forget(domains[slot], firsts[slot], lasts[slot]);
                }
            }
        }
        VarHandle.loadLoadFence();
        // What was posted meanwhile may have overwritten what was read here. One that is being written is not counted
        // yet, and would overwrite the oldest: so the ring is never full.
        if (posted - taken >= SIZE) {
            cache.forgetAll();
            if (other != null) {
                other.forgetAll();
            }
        }
        taken = until;
    }
}
