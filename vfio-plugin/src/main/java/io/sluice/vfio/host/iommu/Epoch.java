package io.sluice.vfio.host.iommu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Whether a piece of DMA is under way by one requester id: odd while it is.
///
/// The device makes it odd and reads what it goes by afterwards; who takes something away changes that first and reads
/// the epoch afterwards. All four are volatile accesses, so that at least one of the two sees the other
/// (`DmaBenchmark` pays for it, `DmaRaceTest` and `EpochStressTest` hold it).
final class Epoch {
    private static final VarHandle VALUE;
    private static final int SPINS = 200;

    static {
        try {
            VALUE = MethodHandles.lookup().findVarHandle(Epoch.class, "value", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    @SuppressWarnings("unused") // by VALUE
    private volatile long value;

    /// Who has begun a long piece. A thread that reads itself here wrote it here.
    private @Nullable Thread holder;

    /// A piece begins. Waits while another one is under way, which is never so where one strand sends by a requester
    /// id.
    void begin() {
        long seen = (long) VALUE.getOpaque(this);
        if ((seen & 1) != 0 || !VALUE.compareAndSet(this, seen, seen + 1)) {
            beginAfterOthers();
        }
    }

    private void beginAfterOthers() {
        requireOutside();
        for (int i = 0; ; i++) {
            long seen = (long) VALUE.getOpaque(this);
            if ((seen & 1) == 0 && VALUE.compareAndSet(this, seen, seen + 1)) {
                return;
            }
            pause(i);
        }
    }

    void end() {
        VALUE.setRelease(this, (long) VALUE.get(this) + 1);
    }

    /// A piece begins within which others are called.
    void beginLong() {
        begin();
        holder = Thread.currentThread();
    }

    void endLong() {
        holder = null;
        end();
    }

    /// Waits until the piece that is under way now, if one is, is done.
    void awaitQuiet() {
        long seen = (long) VALUE.getVolatile(this);
        if ((seen & 1) == 0) {
            return;
        }
        requireOutside();
        for (int i = 0; (long) VALUE.getVolatile(this) == seen; i++) {
            pause(i);
        }
    }

    private void requireOutside() {
        if (Objects.equals(holder, Thread.currentThread())) {
            throw new IllegalStateException("a piece of DMA would wait for itself");
        }
    }

    private static void pause(int turn) {
        if (turn < SPINS) {
            Thread.onSpinWait();
        } else {
            Thread.yield();
        }
    }
}
