package io.sluice.vmm.device.nvme;

import io.sluice.vmm.disk.Drive;
import io.sluice.vmm.disk.DriveStats;
import io.sluice.vmm.disk.IoVector;
import io.sluice.vmm.memory.HostBuffer;
import io.sluice.vmm.pci.DmaRuns;
import org.jspecify.annotations.Nullable;

/// One command that waits for the drive's thread. Reused.
///
/// The thread sees only the job's own buffer. Guest memory is read before and written afterwards, on the strand and
/// only if the job still stands: so a reset need not wait for the disk.
final class DiskJob implements Drive.Task {
    /// What the drive's thread does.
    enum Work {
        READ(DriveStats.Kind.READ),
        COMPARE(DriveStats.Kind.READ),
        WRITE(DriveStats.Kind.WRITE),
        ZERO(DriveStats.Kind.WRITE),
        FLUSH(DriveStats.Kind.FLUSH),
        DISCARD(DriveStats.Kind.UNMAP);

        private final DriveStats.Kind kind;

        Work(DriveStats.Kind kind) {
            this.kind = kind;
        }

        DriveStats.Kind kind() {
            return kind;
        }
    }

    private static final int CANCELLED = -125;
    private static final int INPUT_OUTPUT_ERROR = -5;

    final DmaRuns memory;
    private final DiskJobs jobs;
    private final int bufferBytes;
    private final Runnable finish = this::finish;
    private @Nullable HostBuffer buffer;
    private SubmissionQueue queue = SubmissionQueue.NONE;
    private int command;
    private Work work = Work.READ;
    private long offset;
    private long length;
    private boolean flag;
    private boolean durable;
    private long[] ranges = {};
    private int rangeCount;
    private long started;
    private long result;
    private boolean dropped;
    private volatile boolean cancelled;

    DiskJob(DiskJobs jobs, int bufferBytes, int pieces) {
        this.jobs = jobs;
        this.bufferBytes = bufferBytes;
        this.memory = new DmaRuns(pieces);
    }

    // ---- on the strand

    /// @param newFlag for a read: whether what it reads has to be durable before; for a write: whether it has to be
    ///     then; for zeroes: whether blocks may be given back
    void set(Command from, Work newWork, long newOffset, long newLength, boolean newFlag) {
        queue = from.queue();
        command = from.id();
        work = newWork;
        offset = newOffset;
        length = newLength;
        flag = newFlag;
        durable = false;
        rangeCount = 0;
        started = System.nanoTime();
        dropped = false;
        cancelled = false;
    }

    /// Zeroes have to be on the medium when it ends.
    void setDurable(boolean newDurable) {
        durable = newDurable;
    }

    /// Offsets and lengths in turn, in bytes.
    void setRanges(long[] newRanges, int count) {
        ranges = newRanges;
        rangeCount = count;
    }

    SubmissionQueue queue() {
        return queue;
    }

    int command() {
        return command;
    }

    Work work() {
        return work;
    }

    long offset() {
        return offset;
    }

    long length() {
        return length;
    }

    long started() {
        return started;
    }

    /// What came of it: less than 0 is an error.
    long result() {
        return result;
    }

    /// Whether it was dropped before it began.
    boolean hasNotBegun() {
        return result == CANCELLED;
    }

    boolean isDropped() {
        return dropped;
    }

    /// Nobody waits for it any more. If it has not begun, it will not.
    void drop() {
        dropped = true;
        cancelled = true;
    }

    /// Where its data waits; made when it is first needed.
    long buffer() {
        var made = buffer;
        if (made == null) {
            made = HostBuffer.allocate(bufferBytes);
            buffer = made;
        }
        return made.base();
    }

    private void finish() {
        jobs.finished(this);
    }

    /// The drive's thread is done with it for good.
    void close() {
        var made = buffer;
        buffer = null;
        if (made != null) {
            made.close();
        }
    }

    // ---- on the drive's thread

    @Override
    public void run(IoVector scratch) {
        result = cancelled ? CANCELLED : carryOut(scratch);
        jobs.strand().defer(finish);
    }

    private long carryOut(IoVector scratch) {
        var file = jobs.drive().file();
        return switch (work) {
            case READ, COMPARE -> read(scratch);
            case WRITE -> file.write(scratch, buffer(), (int) length, offset, flag);
            case ZERO -> zero(scratch);
            case FLUSH -> file.sync(scratch);
            case DISCARD -> discard(scratch);
        };
    }

    private long read(IoVector scratch) {
        var file = jobs.drive().file();
        long synced = flag ? file.sync(scratch) : 0;
        return synced < 0 ? synced : file.read(scratch, buffer(), (int) length, offset);
    }

    private long zero(IoVector scratch) {
        var file = jobs.drive().file();
        long done = file.zero(scratch, offset, length, flag);
        return done < 0 || !durable ? done : file.sync(scratch);
    }

    /// What cannot be given back stays: it is advice.
    private long discard(IoVector scratch) {
        for (int i = 0; i < rangeCount && !cancelled; i++) {
            if (ranges[2 * i + 1] > 0) {
                long done = jobs.drive().file().discard(scratch, ranges[2 * i], ranges[2 * i + 1]);
                if (done == INPUT_OUTPUT_ERROR) {
                    return done;
                }
            }
        }
        return 0;
    }
}
