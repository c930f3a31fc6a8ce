package io.sluice.vmm.device.nvme;

import io.sluice.vmm.disk.Drive;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.memory.HostMemory;
import io.sluice.vmm.pci.PciDma;
import org.jspecify.annotations.Nullable;

/// The commands of a controller that wait for its drive's thread: so many at most, and so many buffers.
final class DiskJobs {
    /// That wait at once.
    static final int MOST = 32;

    private static final int NO_SPACE = -28;

    private final Drive drive;
    private final Strand strand;
    private final Queues queues;
    private final PciDma dma;
    private final DiskJob[] all = new DiskJob[MOST];
    private final DiskJob[] free = new DiskJob[MOST];
    private int freeCount;
    private int dropped;
    private @Nullable DiskJob current;
    private boolean same;
    private final Runnable toBuffer = this::toBuffer;
    private final Runnable fromBuffer = this::fromBuffer;
    private final Runnable compare = this::compare;

    DiskJobs(Drive drive, Strand strand, Queues queues, PciDma dma, int mostBytes) {
        this.drive = drive;
        this.strand = strand;
        this.queues = queues;
        this.dma = dma;
        for (int i = 0; i < MOST; i++) {
            all[i] = new DiskJob(this, mostBytes, mostBytes / 4096 + 1);
            free[i] = all[i];
        }
        freeCount = MOST;
    }

    Drive drive() {
        return drive;
    }

    Strand strand() {
        return strand;
    }

    boolean hasRoom() {
        return freeCount > 0;
    }

    /// Whether work that nobody waits for is still under way: what comes now must not overtake it.
    boolean hasOld() {
        return dropped > 0;
    }

    /// A job for a command; [#hasRoom] was true.
    DiskJob take() {
        return free[--freeCount];
    }

    /// It is not needed after all.
    void giveBack(DiskJob job) {
        free[freeCount++] = job;
    }

    /// Copies what a job shall write out of guest memory.
    boolean fill(DiskJob job) {
        return move(job, false, toBuffer);
    }

    private boolean move(DiskJob job, boolean write, Runnable use) {
        current = job;
        boolean moved = dma.access(job.memory, write, use);
        current = null;
        return moved;
    }

    private DiskJob current() {
        var job = current;
        if (job == null) {
            throw new IllegalStateException("no job moves data now");
        }
        return job;
    }

    private void toBuffer() {
        current().memory.copyTo(current().buffer());
    }

    private void fromBuffer() {
        current().memory.copyFrom(current().buffer());
    }

    private void compare() {
        var memory = current().memory;
        long at = current().buffer();
        same = true;
        for (int i = 0; i < memory.runs() && same; i++) {
            same = HostMemory.same(memory.host(i), at, memory.runLength(i));
            at += memory.runLength(i);
        }
    }

    void start(DiskJob job) {
        drive.submit(job);
    }

    /// The drive's thread has done its part. On the strand.
    void finished(DiskJob job) {
        if (!job.hasNotBegun()) {
            count(job);
        }
        if (job.isDropped()) {
            dropped--;
        } else {
            queues.complete(job.queue(), job.command(), status(job), 0);
        }
        giveBack(job);
        queues.work();
    }

    private void count(DiskJob job) {
        long time = System.nanoTime() - job.started();
        if (job.result() < 0) {
            drive.stats().failed(job.work().kind(), time);
            return;
        }
        drive.stats().done(job.work().kind(), job.length(), time);
        if (job.work() == DiskJob.Work.WRITE || job.work() == DiskJob.Work.ZERO) {
            drive.stats().wroteUpTo(job.offset() + job.length());
        }
    }

    private NvmeStatus status(DiskJob job) {
        return switch (job.work()) {
            case READ -> {
                if (job.result() < 0) {
                    yield NvmeStatus.UNRECOVERED_READ_ERROR;
                }
                yield move(job, true, fromBuffer) ? NvmeStatus.SUCCESS : NvmeStatus.DATA_TRANSFER_ERROR;
            }
            case COMPARE -> {
                if (job.result() < 0) {
                    yield NvmeStatus.UNRECOVERED_READ_ERROR;
                }
                if (!move(job, false, compare)) {
                    yield NvmeStatus.DATA_TRANSFER_ERROR;
                }
                yield same ? NvmeStatus.SUCCESS : NvmeStatus.COMPARE_FAILURE;
            }
            case WRITE, ZERO, DISCARD -> {
                if (job.result() == NO_SPACE) {
                    yield NvmeStatus.CAPACITY_EXCEEDED;
                }
                yield job.result() < 0 ? NvmeStatus.WRITE_FAULT : NvmeStatus.SUCCESS;
            }
            case FLUSH -> job.result() < 0 ? NvmeStatus.WRITE_FAULT : NvmeStatus.SUCCESS;
        };
    }

    private boolean isUnderWay(DiskJob job) {
        for (int i = 0; i < freeCount; i++) {
            if (free[i] == job) {
                return false;
            }
        }
        return !job.isDropped();
    }

    /// A queue goes: what it waits for ends now.
    void abort(SubmissionQueue queue) {
        for (var job : all) {
            if (isUnderWay(job) && job.queue() == queue) {
                job.drop();
                dropped++;
                queues.complete(queue, job.command(), NvmeStatus.ABORTED_BY_QUEUE_DELETION, 0);
            }
        }
    }

    /// All queues go: nobody waits for anything.
    void dropAll() {
        for (var job : all) {
            if (isUnderWay(job)) {
                job.drop();
                dropped++;
            }
        }
    }

    /// The drive's thread has nothing of this controller's any more.
    void close() {
        for (var job : all) {
            job.close();
        }
    }
}
