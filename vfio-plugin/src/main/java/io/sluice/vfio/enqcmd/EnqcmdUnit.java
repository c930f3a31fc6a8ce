package io.sluice.vfio.enqcmd;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/// What one vCPU has of its machine's directory: for one thread at a time, that of the vCPU.
///
/// A command is under way from [#begin] to [#end], while [#epoch] is odd. The vCPU raises it first and reads the
/// directory afterwards; who takes an entry away clears it first and reads the epoch afterwards. Both are volatile, so
/// at least one of the two sees the other, as in the IOMMU's DMA (ADR 0006).
public final class EnqcmdUnit implements AutoCloseable {
    /// The guest's PASID has no entry: the vCPU leaves the guest, or tells it to try again.
    public static final int MISS = PasidDirectory.MISS;

    private static final VarHandle EPOCH;
    private static final int SPINS = 200;

    static {
        try {
            EPOCH = MethodHandles.lookup().findVarHandle(EnqcmdUnit.class, "epoch", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final VmPasids pasids;
    private final PasidDirectory directory;

    @SuppressWarnings("unused") // by EPOCH
    private volatile long epoch;

    /// Who is in a command; written inside it only.
    private volatile @Nullable Thread inside;

    EnqcmdUnit(VmPasids pasids, PasidDirectory directory) {
        this.pasids = pasids;
        this.directory = directory;
    }

    /// The host's PASID that a guest's PASID stands for now, or [#MISS]; to know, not to send a command by.
    public int translate(int guestPasid) {
        return directory.find(guestPasid);
    }

    /// Begins a command: what it answers stays true until [#end], which always follows.
    ///
    /// @return the host's PASID, or [#MISS]
    public int begin(int guestPasid) {
        EPOCH.setVolatile(this, (long) EPOCH.get(this) + 1);
        inside = Thread.currentThread();
        return directory.find(guestPasid);
    }

    /// The device has accepted the command, or has not.
    public void end() {
        inside = null;
        EPOCH.setRelease(this, (long) EPOCH.get(this) + 1);
    }

    /// Waits until the command that is under way now, if one is, has been accepted or not. A thread does not wait for
    /// itself.
    void awaitQuiet() {
        long seen = (long) EPOCH.getVolatile(this);
        if ((seen & 1) == 0 || Thread.currentThread().equals(inside)) {
            return;
        }
        for (int i = 0; (long) EPOCH.getVolatile(this) == seen; i++) {
            if (i < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
    }

    /// The vCPU is gone.
    @Override
    public void close() {
        pasids.forget(this);
    }
}
