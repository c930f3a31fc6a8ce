package io.sluice.vmm.pci;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.address.Pasid;
import io.sluice.vmm.memory.HostBuffer;
import io.sluice.vmm.memory.HostMemory;
import org.jspecify.annotations.Nullable;

/// [DmaTarget#access] by way of a buffer, for targets that can only copy. Such a target tells what is no memory only
/// when
/// it is written, so what comes before it in the list has been written then.
final class DmaBounce {
    private static final int CHUNK = 1 << 16;

    private DmaBounce() {}

    static boolean access(
            DmaTarget target, Bdf requester, @Nullable Pasid pasid, DmaRuns list, boolean write, Runnable use) {
        list.startRuns();
        var chunk = new byte[(int) Math.min(CHUNK, list.bytes())];
        try (var buffer = HostBuffer.allocate(Math.max(1, list.bytes()))) {
            if (!write && !move(target, requester, pasid, list, false, buffer.base(), chunk)) {
                return false;
            }
            list.bounce(buffer.base());
            use.run();
            return !write || move(target, requester, pasid, list, true, buffer.base(), chunk);
        } finally {
            list.endRuns();
        }
    }

    private static boolean move(
            DmaTarget target,
            Bdf requester,
            @Nullable Pasid pasid,
            DmaRuns list,
            boolean write,
            long buffer,
            byte[] chunk) {
        long host = buffer;
        for (int i = 0; i < list.pieces(); i++) {
            for (int done = 0; done < list.pieceLength(i); ) {
                int length = Math.min(chunk.length, list.pieceLength(i) - done);
                var at = new Iova(list.iova(i).bits() + done);
                if (write) {
                    HostMemory.copy(host, chunk, 0, length);
                    if (!target.write(requester, pasid, at, chunk, 0, length)) {
                        return false;
                    }
                } else {
                    if (!target.read(requester, pasid, at, chunk, 0, length)) {
                        return false;
                    }
                    HostMemory.copy(chunk, 0, host, length);
                }
                host += length;
                done += length;
            }
            list.pieceResolved();
        }
        return true;
    }
}
