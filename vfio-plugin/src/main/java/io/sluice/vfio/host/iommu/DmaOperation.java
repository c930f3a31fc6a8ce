package io.sluice.vfio.host.iommu;

import io.sluice.vfio.host.iommu.DmaFaults.Reason;
import io.sluice.vfio.host.iommu.PageRequestGroup.Response;
import io.sluice.vmm.loop.Strand;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A read or write of a device's that may have to wait for pages: [DmaContext#request]. While it waits, nothing else
/// does; the device goes on with other work. Used again and again by its owner, on one strand, which is that of the
/// device.
public final class DmaOperation {
    /// How often pages are asked for anew without one byte having been moved.
    static final int MOST_TRIES = 4;

    /// What has become of an operation.
    public enum Progress {
        /// All bytes were moved.
        DONE,
        /// Some can not be moved.
        FAILED,
        /// It waits for pages.
        PENDING
    }

    /// Hears of the end of an operation that has been pending. On the device's strand.
    @FunctionalInterface
    public interface Done {
        /// @param whole whether all bytes were moved
        void done(DmaOperation operation, boolean whole);
    }

    private final Strand strand;
    private final Done done;
    private @Nullable DmaContext context;
    private byte[] bytes = {};
    private int pasid;
    private long iova;
    private int offset;
    private int length;
    private int moved;
    private boolean write;
    private int tries;
    private boolean pending;
    /// Of the request that it waits for; an answer to an older one is void.
    private long turn;

    private @Nullable Reason failure;

    public DmaOperation(Strand strand, Done done) {
        this.strand = strand;
        this.done = done;
    }

    /// Bytes that have been moved so far.
    public int moved() {
        return moved;
    }

    /// Why it failed; null if it has not.
    public @Nullable Reason failure() {
        return failure;
    }

    public boolean isPending() {
        return pending;
    }

    /// Gives a pending operation up: it moves nothing more, and its end is not told. Nothing happens if it is not
    /// pending.
    public void cancel() {
        pending = false;
        turn++;
    }

    Progress start(DmaContext by, int pasid, long iova, byte[] bytes, int offset, int length, boolean write) {
        if (pending) {
            throw new IllegalStateException("the operation is pending");
        }
        Objects.checkFromIndexSize(offset, length, bytes.length);
        context = by;
        this.pasid = pasid;
        this.iova = iova;
        this.bytes = bytes;
        this.offset = offset;
        this.length = length;
        this.write = write;
        moved = 0;
        tries = 0;
        failure = null;
        return advance(by);
    }

    private Progress advance(DmaContext by) {
        long need = write ? PageTable.WRITE : PageTable.READ;
        int reachable = DmaContext.isPlain(pasid) ? InterruptWindow.before(iova, length) : length;
        while (moved < reachable) {
            int piece = Math.min(DmaContext.PIECE, reachable - moved);
            long went = by.movePiece(pasid, iova + moved, bytes, offset + moved, piece, need, null);
            if ((int) went > 0) {
                moved += (int) went;
                tries = 0;
            }
            if ((int) went < piece) {
                var reason = Reason.at((int) (went >>> Integer.SIZE));
                return reason.isRecoverable() && ask(by) ? Progress.PENDING : fail(by, reason);
            }
        }
        return moved < length ? fail(by, Reason.INTERRUPT_ADDRESS) : Progress.DONE;
    }

    private Progress fail(DmaContext by, Reason reason) {
        failure = reason;
        by.tell(pasid, iova + moved, write ? PageTable.WRITE : PageTable.READ, reason);
        return Progress.FAILED;
    }

    private boolean ask(DmaContext by) {
        var requester = by.pageRequester();
        if (requester == null || tries == MOST_TRIES) {
            return false;
        }
        tries++;
        long asked = ++turn;
        pending = true;
        // The answer may come at once, by any thread; it waits until this one has left the strand.
        pending = requester.ask(
                pasid, iova + moved, length - moved, write, answer -> strand.defer(() -> resume(asked, answer)));
        return pending;
    }

    private void resume(long asked, Response answer) {
        var by = context;
        if (!pending || asked != turn || by == null) {
            return;
        }
        pending = false;
        var progress = switch (answer) {
            case SUCCESS -> advance(by);
            case INVALID -> refused();
        };
        if (progress != Progress.PENDING) {
            done.done(this, progress == Progress.DONE);
        }
    }

    /// That a page does not come is for the device to say, by its own error; the IOMMU logs nothing.
    private Progress refused() {
        failure = Reason.PAGE_REFUSED;
        return Progress.FAILED;
    }
}
