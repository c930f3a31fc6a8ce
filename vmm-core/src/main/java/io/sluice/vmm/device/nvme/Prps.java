package io.sluice.vmm.device.nvme;

import io.sluice.vmm.address.Iova;
import io.sluice.vmm.pci.DmaRuns;
import io.sluice.vmm.pci.PciDma;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Reads the physical region pages of a command (NVM Express 1.4 section 4.3), and moves small data through them.
///
/// A list is never longer than the data is, so a list that points to itself ends like any other.
final class Prps {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int ENTRY = 8;
    private static final int SMALL = 4;

    private final PciDma dma;
    private final byte[] entries;
    private final DmaRuns small = new DmaRuns(SMALL);
    private int page = 4096;

    /// @param mostPages that one transfer may touch
    Prps(PciDma dma, int mostPages) {
        this.dma = dma;
        this.entries = new byte[mostPages * ENTRY];
    }

    /// Bytes of a memory page, as the guest has configured it.
    void setPage(int bytes) {
        page = bytes;
    }

    int page() {
        return page;
    }

    /// Makes `memory` name the `length` bytes, more than none, that a command's data pointer tells.
    NvmeStatus read(Command command, int length, DmaRuns memory) {
        memory.clear();
        long first = command.prp1();
        if ((first & 3) != 0) {
            return NvmeStatus.PRP_OFFSET_INVALID;
        }
        int inFirst = Math.min(length, page - offset(first));
        memory.add(new Iova(first), inFirst);
        int left = length - inFirst;
        if (left > page) {
            return list(command.prp2(), left, memory);
        }
        if (left > 0) {
            if (offset(command.prp2()) != 0) {
                return NvmeStatus.PRP_OFFSET_INVALID;
            }
            memory.add(new Iova(command.prp2()), left);
        }
        return NvmeStatus.SUCCESS;
    }

    private int offset(long address) {
        return (int) address & page - 1;
    }

    private NvmeStatus list(long start, int length, DmaRuns memory) {
        long at = start;
        int left = length;
        if ((at & ENTRY - 1) != 0) {
            return NvmeStatus.PRP_OFFSET_INVALID;
        }
        while (true) {
            int wanted = (left + page - 1) / page;
            int here = (page - offset(at)) / ENTRY;
            boolean goesOn = wanted > here;
            int count = goesOn ? here : wanted;
            if (!dma.read(new Iova(at), entries, 0, count * ENTRY)) {
                return NvmeStatus.DATA_TRANSFER_ERROR;
            }
            for (int i = 0; i < count; i++) {
                long entry = (long) LONG.get(entries, i * ENTRY);
                if (offset(entry) != 0) {
                    return NvmeStatus.PRP_OFFSET_INVALID;
                }
                if (goesOn && i == count - 1) {
                    at = entry;
                } else {
                    int bytes = Math.min(left, page);
                    memory.add(new Iova(entry), bytes);
                    left -= bytes;
                }
            }
            if (!goesOn) {
                return NvmeStatus.SUCCESS;
            }
        }
    }

    /// Gives the guest the first `length` bytes of `data`.
    NvmeStatus give(Command command, byte[] data, int length) {
        return move(command, data, length, true);
    }

    /// Takes `length` bytes from the guest.
    NvmeStatus take(Command command, byte[] data, int length) {
        return move(command, data, length, false);
    }

    private NvmeStatus move(Command command, byte[] data, int length, boolean give) {
        var status = read(command, length, small);
        int done = 0;
        for (int i = 0; i < small.pieces() && status == NvmeStatus.SUCCESS; i++) {
            int bytes = small.pieceLength(i);
            boolean moved =
                    give ? dma.write(small.iova(i), data, done, bytes) : dma.read(small.iova(i), data, done, bytes);
            status = moved ? NvmeStatus.SUCCESS : NvmeStatus.DATA_TRANSFER_ERROR;
            done += bytes;
        }
        return status;
    }
}
