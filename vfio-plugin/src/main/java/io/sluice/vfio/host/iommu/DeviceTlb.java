package io.sluice.vfio.host.iommu;

import io.sluice.vfio.host.iommu.DmaFaults.Reason;

/// The translations that a device holds itself (PCIe 6.0 section 10.1): it asks for one, and sends translated requests
/// by it afterwards. Made by [IommuDevice#enableAts]; after [IommuDevice#disableAts] it is good for nothing.
///
/// An invalidation reaches it as it reaches the IOMMU's own cache: who takes a translation away waits for the piece
/// that
/// is under way, and the next one begins by dropping it. On the device's strand.
public final class DeviceTlb {
    /// In a completion: the page may be read.
    public static final int READ = 1;
    /// In a completion: the page may be written.
    public static final int WRITE = 2;

    private final DmaContext context;
    private final Iotlb cache;

    DeviceTlb(DmaContext context, int granuleShift) {
        this.context = context;
        this.cache = new Iotlb(granuleShift);
    }

    Iotlb cache() {
        return cache;
    }

    /// Asks for a translation, and holds what comes.
    ///
    /// @param pasid 0 for a request without one; perhaps with [DmaContext#PRIVILEGED]
    /// @param write whether it is to be written too
    /// @return [#READ] and [#WRITE]; 0 if there is none now, which is no fault unless it will never come
    public int translate(int pasid, long iova, boolean write) {
        if (DmaContext.isPlain(pasid) && InterruptWindow.before(iova, 1) == 0) {
            context.tell(pasid, iova, PageTable.READ, Reason.INTERRUPT_ADDRESS);
            return 0;
        }
        long need = write ? PageTable.WRITE : PageTable.READ;
        long entry = context.probe(pasid, iova, need, this);
        if ((entry & need) != 0) {
            return (int) (entry & PageTable.PERMISSIONS);
        }
        var reason = Reason.of(entry);
        if (!reason.isRecoverable()) {
            context.tell(pasid, iova, need, reason);
        }
        return 0;
    }

    /// Reads by translations that it holds.
    ///
    /// @return how many bytes were read, up to where it holds none
    public int read(int pasid, long iova, byte[] target, int offset, int length) {
        return move(pasid, iova, target, offset, length, PageTable.READ);
    }

    /// Writes by translations that it holds.
    ///
    /// @return how many bytes were written, up to where it holds none
    public int write(int pasid, long iova, byte[] source, int offset, int length) {
        return move(pasid, iova, source, offset, length, PageTable.WRITE);
    }

    private int move(int pasid, long iova, byte[] bytes, int offset, int length, long need) {
        int done = 0;
        while (done < length) {
            int piece = Math.min(DmaContext.PIECE, length - done);
            long moved = context.movePiece(pasid, iova + done, bytes, offset + done, piece, need, this);
            done += (int) moved;
            if ((int) moved < piece) {
                var reason = Reason.at((int) (moved >>> Integer.SIZE));
                if (reason == Reason.TRANSLATED_BLOCKED) {
                    context.tell(pasid, iova + done, need, reason);
                }
                return done;
            }
        }
        return done;
    }

    /// How many translations it holds, of which some may be dropped when it is used next.
    int held() {
        return cache.count();
    }
}
