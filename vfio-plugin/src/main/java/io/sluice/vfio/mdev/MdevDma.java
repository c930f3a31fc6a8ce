package io.sluice.vfio.mdev;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.iommufd.IommufdAccess;
import io.sluice.vfio.vfio.DirtyPages;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// An instance's way to its user's memory, by I/O addresses. Inside the instance's strand.
///
/// There is nothing to get wrong: what the user has not mapped, has taken away, or has not authorised this instance
/// for,
/// is not reached, and a transfer answers `false`. When the user's unmapping, his detaching or the instance's removal
/// has returned, not one byte moves any more, whatever the instance still holds.
///
/// It is of one of three kinds. Without a requester id of its own, an instance reads, writes and pins memory by
/// software. With one, it has DMA by the IOMMU. With a requester id that several instances share, it has DMA by the
/// PASIDs that it was authorised for, and by no other.
public final class MdevDma {
    private static final int[] NONE = {};

    private final @Nullable IommuDevice iommu;
    private final BooleanSupplier running;
    private final DirtyPages dirty;
    /// The PASIDs that the user has attached through this instance's own file; 0 stands for requests without one.
    private volatile int[] allowed = NONE;

    private volatile @Nullable IommufdAccess access;
    private long refused;

    /// @param running whether the device may reach memory in its state of migration
    MdevDma(@Nullable IommuDevice iommu, BooleanSupplier running, DirtyPages dirty) {
        this.iommu = iommu;
        this.running = running;
        this.dirty = dirty;
    }

    // ---- what vfio tells

    void bound(@Nullable IommufdAccess to) {
        access = to;
    }

    void allow(int pasid) {
        var more = Arrays.copyOf(allowed, allowed.length + 1);
        more[allowed.length] = pasid;
        Arrays.sort(more);
        allowed = more;
    }

    void forbid(int pasid) {
        allowed = Arrays.stream(allowed).filter(one -> one != pasid).toArray();
    }

    /// Addresses go away. Any thread.
    void unmapped(long iova, long length) {
        var to = access;
        if (to != null) {
            to.unpinAll(iova, length);
        }
    }

    // ---- what the author asks

    /// Whether the instance may use a PASID, or requests without one if it is 0.
    public boolean isAllowed(int pasid) {
        return Arrays.binarySearch(allowed, pasid) >= 0;
    }

    /// The PASIDs that it may use, 0 among them if it may do without.
    public int[] allowed() {
        return allowed.clone();
    }

    /// Transfers that were refused.
    public long refused() {
        return refused;
    }

    /// Reads the user's memory.
    ///
    /// @return whether all was read
    public boolean read(long iova, byte[] target, int offset, int length) {
        return read(0, iova, target, offset, length);
    }

    /// Reads the memory behind a PASID.
    ///
    /// @param pasid 0 for none
    /// @return whether all was read; false without a look if the instance may not use the PASID
    public boolean read(int pasid, long iova, byte[] target, int offset, int length) {
        boolean done = mayMove(pasid) && move(pasid, iova, target, offset, length, false);
        return counted(done);
    }

    /// Writes the user's memory, as [#read].
    public boolean write(long iova, byte[] source, int offset, int length) {
        return write(0, iova, source, offset, length);
    }

    /// Writes the memory behind a PASID, as [#read].
    public boolean write(int pasid, long iova, byte[] source, int offset, int length) {
        boolean done = mayMove(pasid) && move(pasid, iova, source, offset, length, true);
        dirty.written(iova, length);
        return counted(done);
    }

    private boolean counted(boolean done) {
        if (!done) {
            refused++;
        }
        return done;
    }

    private boolean mayMove(int pasid) {
        return running.getAsBoolean() && isAllowed(pasid);
    }

    private boolean move(int pasid, long iova, byte[] bytes, int offset, int length, boolean writes) {
        if (length == 0) {
            return true;
        }
        if (iommu != null) {
            return writes
                    ? iommu.dma().write(pasid, iova, bytes, offset, length)
                    : iommu.dma().read(pasid, iova, bytes, offset, length);
        }
        var to = access;
        if (to == null) {
            return false;
        }
        try {
            if (writes) {
                to.write(iova, bytes, offset, length);
            } else {
                to.read(iova, bytes, offset, length);
            }
            return true;
        } catch (HostException notThere) {
            return false;
        }
    }

    /// Pins memory that is used for longer, so that a transfer costs no look-up. The pin dies when the user unmaps any
    /// of it or detaches; the instance then finds its transfers refused. For instances without a requester id.
    ///
    /// @param iova whole pages
    /// @param length whole pages
    /// @throws HostException EOPNOTSUPP for one with a requester id, ENOENT for memory that is not mapped, EPERM for
    ///     memory that may not be written, EINVAL for parts of pages, ENOMEM
    public MdevPin pin(long iova, long length, boolean write) {
        if (iommu != null) {
            throw new HostException(Errno.EOPNOTSUPP, "a device with a requester id pins nothing");
        }
        var to = access;
        if (to == null) {
            throw new HostException(Errno.ENOENT, "nobody has bound the device");
        }
        return new MdevPin(this, to, to.pin(iova, length, write));
    }

    boolean isRunning() {
        return running.getAsBoolean();
    }

    void noteWrite(long iova, int length) {
        dirty.written(iova, length);
    }
}
