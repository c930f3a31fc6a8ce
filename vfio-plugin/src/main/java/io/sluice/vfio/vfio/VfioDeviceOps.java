package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vmm.memory.GuestRam;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A device behind vfio: what its driver gives to vfio. Called inside the device's strand; never blocks.
public interface VfioDeviceOps {
    /// The regions by index, nine or more for a PCI device. Does not change.
    List<VfioRegion> regions();

    /// How many vectors an interrupt has; 0 if the device has none of this kind. Does not change.
    int vectors(VfioIrq irq);

    /// Reads 1, 2, 4 or 8 bytes, naturally aligned and within the region.
    long read(int region, long offset, int size);

    /// Writes 1, 2, 4 or 8 bytes, naturally aligned and within the region.
    void write(int region, long offset, int size, long value);

    /// Back to the state at power-on.
    void reset();

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
