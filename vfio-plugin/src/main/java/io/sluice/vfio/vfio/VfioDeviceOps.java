package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.iommufd.IommufdAccess;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.memory.GuestRam;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A device behind vfio: what its driver gives to vfio. Called inside the device's strand, but for [#unmapped]; never
/// blocks.
public interface VfioDeviceOps {
    /// The regions by index, nine or more for a PCI device. Does not change.
    List<VfioRegion> regions();

    /// Whether the user may ask for a region of this index; what is merely absent has size 0.
    default boolean hasRegion(int index) {
        return true;
    }

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

    /// It is about to be reset with its neighbours: nobody reaches its memory until [#resetEnds].
    ///
    /// @throws HostException EBUSY if that cannot be now
    default void resetBegins() {}

    /// It has been reset with its neighbours, or not, if that failed.
    default void resetEnds() {}

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

    /// What GET_INFO says beside numbers.
    default List<VfioCapability> capabilities() {
        return List.of();
    }

    /// How its state is moved to another machine; null if it cannot be.
    default @Nullable MigrationOps migration() {
        return null;
    }

    /// How it notes what it writes; null if it does not.
    default @Nullable DmaLogOps dmaLog() {
        return null;
    }

    /// A feature of its driver, by the number that the kernel's headers give it; null if it has none of that number.
    /// Those that vfio itself knows are not asked for.
    default @Nullable VfioFeature feature(int id) {
        return null;
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

    /// Whether an eventfd may write at this place of a BAR; not over the MSI-X table, for one.
    default boolean takesIoeventfd(int region, long offset, int size) {
        return true;
    }

    /// Whether its user can attach it by PASIDs.
    default boolean takesPasids() {
        var iommu = iommu();
        return iommu != null && iommu.maxPasids() > 1;
    }

    /// Whether its user can attach its plain requester id. A device whose requester id its driver shares between
    /// several users can be attached by PASIDs only.
    default boolean takesRequester() {
        return true;
    }

    /// Its user authorised it for a PASID, or for requests without one if it is 0: its list of what it may use grows.
    default void attached(int pasid) {}

    /// It may use a PASID no longer. Told before the PASID is taken out of the IOMMU; what it does by it ends.
    default void detached(int pasid) {}

    /// An emulated device's way to its user's memory, from before it is opened until after it is closed; null then.
    default void bound(@Nullable IommufdAccess access) {}

    /// Whether an emulated device holds pages of its user, not only reads and writes them.
    default boolean needsPinnedPages() {
        return false;
    }

    /// A range of an emulated device's I/O addresses goes away (all of them if the length is -1): every page of it that
    /// the device holds has been given back when this returns. On the thread that unmaps, not inside the strand, and
    /// without any lock; maybe for ranges
    /// that the device never touched. Must not call back into what maps.
    default void unmapped(Iova iova, long length) {}

    /// Whether the token that a user brings is the one that is wanted of it (virtual functions and their physical one).
    ///
    /// @param token null if he brings none
    /// @throws HostException EACCES if it is wrong or missing; EINVAL if there is one where none applies
    default void checkToken(@Nullable UUID token) {
        if (token != null) {
            throw new HostException(Errno.EINVAL, "no token applies here");
        }
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
