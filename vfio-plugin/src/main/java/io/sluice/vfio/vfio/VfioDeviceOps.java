package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vmm.memory.GuestRam;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A device behind vfio: what its driver gives to vfio. Called inside the device's strand; never blocks.
public interface VfioDeviceOps {
    /// The regions by index, nine or more for a PCI device. Does not change.
    List<VfioRegion> regions();

    /// How many vectors an interrupt has; 0 if the device has none of this kind. Does not change.
    int vectors(VfioIrq irq);

    /// What GET_IRQ_INFO says of an interrupt: bits of [VfioIrq.Info].
    default int irqFlags(VfioIrq irq) {
        return irq.flags;
    }

    /// Reads 1, 2, 4 or 8 bytes, naturally aligned and within the region.
    ///
    /// @throws HostException EIO if the device cannot answer now
    long read(int region, long offset, int size);

    /// Writes 1, 2, 4 or 8 bytes, naturally aligned and within the region.
    ///
    /// @throws HostException EIO if the device cannot answer now
    void write(int region, long offset, int size, long value);

    /// Back to the state at power-on.
    void reset();

    /// Whether the user may reset it.
    default boolean canReset() {
        return true;
    }

    /// Somebody has opened it, the first and only one: it is quiet from now on, and cannot reach memory by itself.
    ///
    /// @throws HostException why it cannot be opened; then nothing has changed
    default void opened(VfioInterrupts interrupts) {}

    /// Its user has closed it.
    default void closed() {}

    /// @return 0, or how many vectors there could be if there could not be as many as asked; then nothing has changed
    default int setIrqs(SetIrqs request, VfioInterrupts interrupts) {
        return interrupts.set(request);
    }

    /// What the IOMMU knows of it. Null if it has no requester id: then it is emulated, and reaches memory through an
    /// access of its user's iommufd alone. Does not change.
    default @Nullable IommuDevice iommu() {
        return null;
    }

    /// What whoever maps a region reaches, if that is a device of the host; null for a region that is memory or cannot
    /// be mapped. Does not change.
    default @Nullable MappedDevice mapped(int region) {
        return null;
    }

    /// The user's file was closed; the device has been reset. What is in its memory is for no other user.
    default void released() {}

    /// The memory behind a region, from its start on; null for a region without [VfioRegion#MMAP].
    default @Nullable GuestRam memory(int region) {
        return null;
    }

    /// @throws HostException EINVAL for what cannot be asked, ENOTTY of a device that shows no pictures
    default GfxPlane queryGfxPlane(GfxPlane.Query query) {
        throw new HostException(Errno.ENOTTY, "no display");
    }

    /// @throws HostException ENOENT if no dma-buf has this id, EINVAL if it cannot be exported, ENOTTY of a device
    ///     that has none
    default DmaBuf getGfxDmaBuf(int id) {
        throw new HostException(Errno.ENOTTY, "no display");
    }
}
