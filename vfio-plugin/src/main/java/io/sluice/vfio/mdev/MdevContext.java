package io.sluice.vfio.mdev;

import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.loop.StrandTimer;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// What an mdev has of its host: its name, its interrupts, time. Inside the instance's strand.
public final class MdevContext {
    private final UUID uuid;
    private final Strand strand;
    private final MdevTrace told;
    private @Nullable VfioDevice device;

    MdevContext(UUID uuid, Strand strand, MdevTrace told) {
        this.told = told;
        this.uuid = uuid;
        this.strand = strand;
    }

    void bind(VfioDevice bound) {
        device = bound;
    }

    public UUID uuid() {
        return uuid;
    }

    /// Sets the level of the INTx pin. Before the device is made, nobody hears it.
    public void intx(boolean asserted) {
        told.intx(asserted);
        if (device != null) {
            device.interrupts().intx(asserted);
        }
    }

    /// Sends a message on a vector.
    public void msi(int vector) {
        told.message(VfioIrq.MSI, vector);
        if (device != null) {
            device.interrupts().message(VfioIrq.MSI, vector);
        }
    }

    /// Nanoseconds that the guest has lived.
    public long nanos() {
        return strand.clock().nanos();
    }

    /// Runs `task` inside the strand, after what waits there already. Long work is done so, piece by piece: whoever
    /// wants into the strand gets in between.
    public void defer(Runnable task) {
        strand.defer(task);
    }

    /// Runs `task` inside the strand, so many nanoseconds of guest life from now.
    public StrandTimer after(long nanos, Runnable task) {
        return strand.at(nanos() + nanos, task);
    }
}
