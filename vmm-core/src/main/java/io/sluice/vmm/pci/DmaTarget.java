package io.sluice.vmm.pci;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.address.Pasid;
import io.sluice.vmm.bus.AddressSpace;
import org.jspecify.annotations.Nullable;

/// Where the memory requests of functions go: guest memory, or an IOMMU in front of it. Any strand; never blocks.
public interface DmaTarget {
    /// @return whether all of it was read; what could not be read is all ones
    boolean read(Bdf requester, @Nullable Pasid pasid, Iova from, byte[] target, int offset, int length);

    /// @return whether all of it was written; what could not be written is dropped
    boolean write(Bdf requester, @Nullable Pasid pasid, Iova to, byte[] source, int offset, int length);

    /// Lets `use` at the memory behind a list: while it runs, the list has [DmaRuns#runs], and what is behind them
    /// stays where it is. It runs at once, on this thread, and only if all pieces are memory that the request may
    /// reach;
    /// otherwise nothing is touched, and [DmaRuns#resolved] tells the piece that is none.
    ///
    /// @param write whether `use` writes all of the memory; otherwise it only reads
    /// @return whether `use` has run
    default boolean access(Bdf requester, @Nullable Pasid pasid, DmaRuns list, boolean write, Runnable use) {
        return DmaBounce.access(this, requester, pasid, list, write, use);
    }

    /// No IOMMU: an I/O virtual address is a guest physical one, and a request with a PASID is unsupported.
    static DmaTarget direct(AddressSpace memory) {
        return new DmaTarget() {
            @Override
            public boolean read(
                    Bdf requester, @Nullable Pasid pasid, Iova from, byte[] target, int offset, int length) {
                if (pasid != null) {
                    java.util.Arrays.fill(target, offset, offset + length, (byte) -1);
                    return false;
                }
                return memory.dmaRead(from.bits(), target, offset, length);
            }

            @Override
            public boolean write(Bdf requester, @Nullable Pasid pasid, Iova to, byte[] source, int offset, int length) {
                return pasid == null && memory.dmaWrite(to.bits(), source, offset, length);
            }

            @Override
            public boolean access(Bdf requester, @Nullable Pasid pasid, DmaRuns list, boolean write, Runnable use) {
                list.startRuns();
                if (pasid != null) {
                    return false;
                }
                try {
                    for (int i = 0; i < list.pieces(); i++) {
                        if (!memory.visitRam(list.iova(i).bits(), list.pieceLength(i), write, list.visitor())) {
                            return false;
                        }
                        list.pieceResolved();
                    }
                    use.run();
                    if (write) {
                        list.tellWritten();
                    }
                } finally {
                    list.endRuns();
                }
                return true;
            }
        };
    }
}
