package io.sluice.vfio.mdev;

import io.sluice.vfio.iommufd.IommufdAccess;
import io.sluice.vfio.iommufd.PinnedRange;

/// Memory of the user that an instance has pinned. It is the user's: he may take it back at any time, and from then on
/// it reads and writes nothing. Reading and writing take no lock and allocate nothing. Inside the instance's strand.
public final class MdevPin implements AutoCloseable {
    private final MdevDma dma;
    private final IommufdAccess access;
    private final PinnedRange range;

    MdevPin(MdevDma dma, IommufdAccess access, PinnedRange range) {
        this.dma = dma;
        this.access = access;
        this.range = range;
    }

    public long iova() {
        return range.iova();
    }

    public long length() {
        return range.length();
    }

    /// Whether it can still be read. It may be over before the caller has looked at the answer; what counts is what
    /// [#read] and [#write] say.
    public boolean isAlive() {
        return !range.isDead();
    }

    /// @param iova within the pin
    /// @return whether all was read; otherwise an unknown part of it
    public boolean read(long iova, byte[] target, int offset, int length) {
        return dma.isRunning() && range.read(iova, target, offset, length);
    }

    /// @param iova within the pin
    /// @return whether all was written; otherwise an unknown part of it
    public boolean write(long iova, byte[] source, int offset, int length) {
        dma.noteWrite(iova, length);
        return dma.isRunning() && range.write(iova, source, offset, length);
    }

    /// Gives it back, if the user has not taken it.
    @Override
    public void close() {
        access.unpin(range);
    }
}
