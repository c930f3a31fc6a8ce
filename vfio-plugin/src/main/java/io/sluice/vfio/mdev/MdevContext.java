package io.sluice.vfio.mdev;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.vfio.DirtyPages;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.loop.StrandTimer;
import io.sluice.vmm.memory.GuestRam;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// What an mdev has of its host: its name, its interrupts, its user's memory, time. Inside the instance's strand.
public final class MdevContext {
    private final UUID uuid;
    private final Strand strand;
    private final MdevTrace told;
    private final List<GuestRam> memory = new ArrayList<>();
    private final DirtyPages dirty = new DirtyPages();
    private @Nullable VfioDevice device;
    private @Nullable MdevDma dma;

    MdevContext(UUID uuid, Strand strand, MdevTrace told) {
        this.told = told;
        this.uuid = uuid;
        this.strand = strand;
    }

    void bind(VfioDevice bound) {
        device = bound;
    }

    /// The device's way to memory, made once its author has said what it is.
    MdevDma newDma(MdevDevice of) {
        var made = new MdevDma(of.iommu(), this::isRunning, dirty);
        dma = made;
        return made;
    }

    /// Whether the device may work: a migration has not frozen it.
    public boolean isRunning() {
        return device != null && device.migrationState().isRunning();
    }

    /// The user's memory. Not yet there while the driver makes the device.
    public MdevDma dma() {
        if (dma == null) {
            throw new IllegalStateException(uuid + " is being made");
        }
        return dma;
    }

    /// What [#dma] writes, for a device that lets its user ask for it ([VfioDeviceOps#dmaLog]).
    public DirtyPages dirtyPages() {
        return dirty;
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

    /// Zeroed memory of its own for the instance, in whole pages: for regions that can be mapped. It is given back when
    /// the instance has gone.
    ///
    /// @throws HostException ENOMEM if the host has none
    public GuestRam newMemory(long bytes) {
        try {
            var ram = GuestRam.allocate(bytes);
            memory.add(ram);
            return ram;
        } catch (UncheckedIOException e) {
            throw new HostException(Errno.ENOMEM, uuid + ": " + bytes + " bytes");
        }
    }

    void freeMemory() {
        memory.forEach(GuestRam::close);
        memory.clear();
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
