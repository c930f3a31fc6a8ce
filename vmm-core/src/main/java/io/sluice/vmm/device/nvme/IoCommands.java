package io.sluice.vmm.device.nvme;

import io.sluice.vmm.disk.DiskFile;
import io.sluice.vmm.disk.DriveStats;
import io.sluice.vmm.disk.IoVector;
import io.sluice.vmm.pci.DmaRuns;
import io.sluice.vmm.pci.PciDma;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/// The NVM command set (NVM Express 1.4 section 6). What the page cache has is moved at once, straight between the file
/// and guest memory; the rest becomes a [DiskJob].
final class IoCommands {
    /// What there is.
    enum Opcode {
        FLUSH(0x00, false, NvmeCounters.Kind.FLUSH),
        WRITE(0x01, true, NvmeCounters.Kind.WRITE),
        READ(0x02, false, NvmeCounters.Kind.READ),
        COMPARE(0x05, false, NvmeCounters.Kind.OTHER),
        WRITE_ZEROES(0x08, true, NvmeCounters.Kind.OTHER),
        DATASET_MANAGEMENT(0x09, true, NvmeCounters.Kind.OTHER);

        private static final @Nullable Opcode[] BY_CODE = new @Nullable Opcode[0x10];

        static {
            for (var opcode : values()) {
                BY_CODE[opcode.code] = opcode;
            }
        }

        private final int code;
        private final boolean changesData;
        private final NvmeCounters.Kind kind;

        Opcode(int code, boolean changesData, NvmeCounters.Kind kind) {
            this.code = code;
            this.changesData = changesData;
            this.kind = kind;
        }

        int code() {
            return code;
        }

        boolean changesData() {
            return changesData;
        }

        static @Nullable Opcode of(int code) {
            return code < BY_CODE.length ? BY_CODE[code] : null;
        }
    }

    private static final int FORCE_UNIT_ACCESS = 1 << 30;
    private static final int DEALLOCATE = 1 << 25;
    private static final int DIRECTIVE = 0xF << 20;
    private static final int DEALLOCATE_RANGES = 1 << 2;
    private static final int RANGE = 16;
    private static final int MOST_RANGES = 256;

    private final Namespace namespace;
    private final DiskFile file;
    private final DriveStats stats;
    private final Features features;
    private final Prps prps;
    private final PciDma dma;
    private final DiskJobs jobs;
    private final NvmeCounters counters;
    private final int mostBytes;
    private final DmaRuns memory;
    private final IoVector vector = new IoVector();
    private final ByteBuffer ranges = ByteBuffer.allocate(MOST_RANGES * RANGE).order(ByteOrder.LITTLE_ENDIAN);
    private final Runnable readNow = this::readNow;
    private final Runnable writeNow = this::writeNow;
    private long offset;
    private long moved;

    IoCommands(Nvme controller, Namespace namespace, Prps prps, PciDma dma, DiskJobs jobs) {
        this.namespace = namespace;
        this.file = namespace.drive().file();
        this.stats = namespace.drive().stats();
        this.features = controller.features();
        this.prps = prps;
        this.dma = dma;
        this.jobs = jobs;
        this.counters = controller.counters();
        this.mostBytes = controller.settings().mostBytes();
        this.memory = new DmaRuns(mostBytes / 4096 + 1);
    }

    /// The class of an I/O command, for who counts.
    static NvmeCounters.Kind kind(int code) {
        var opcode = Opcode.of(code);
        return opcode == null ? NvmeCounters.Kind.OTHER : opcode.kind;
    }

    /// [DiskJobs#hasRoom] is true.
    NvmeStatus execute(Command command) {
        var opcode = Opcode.of(command.opcode());
        if (opcode == null) {
            return NvmeStatus.INVALID_OPCODE;
        }
        if (command.isFused() || !command.usesPrps()) {
            return NvmeStatus.INVALID_FIELD;
        }
        boolean everywhere = opcode == Opcode.FLUSH && command.namespace() == Namespace.BROADCAST;
        if (command.namespace() != Namespace.ID && !everywhere) {
            return NvmeStatus.INVALID_NAMESPACE;
        }
        if (opcode.changesData && namespace.isReadOnly()) {
            return NvmeStatus.NAMESPACE_WRITE_PROTECTED;
        }
        return switch (opcode) {
            case FLUSH -> start(command, DiskJob.Work.FLUSH, 0, 0, false);
            case READ -> read(command);
            case WRITE -> write(command);
            case COMPARE -> compare(command);
            case WRITE_ZEROES -> writeZeroes(command);
            case DATASET_MANAGEMENT -> manage(command);
        };
    }

    private static int blocks(Command command) {
        return (command.dword(12) & 0xFFFF) + 1;
    }

    private long bytes(Command command) {
        return (long) blocks(command) << namespace.shift();
    }

    /// Finds out where the data of a command lies, in the file and in guest memory.
    private NvmeStatus find(Command command, DriveStats.Kind kind) {
        long length = bytes(command);
        var status = NvmeStatus.SUCCESS;
        if (length > mostBytes) {
            status = NvmeStatus.INVALID_FIELD;
        } else if (!namespace.holds(command.startingBlock(), blocks(command))) {
            status = NvmeStatus.LBA_OUT_OF_RANGE;
        } else {
            status = prps.read(command, (int) length, memory);
        }
        if (status == NvmeStatus.SUCCESS) {
            offset = command.startingBlock() << namespace.shift();
            command.moves(length);
        } else {
            stats.refused(kind);
        }
        return status;
    }

    private NvmeStatus start(Command command, DiskJob.Work work, long from, long length, boolean flag) {
        var job = jobs.take();
        job.set(command, work, from, length, flag);
        counters.handedOver();
        jobs.start(job);
        return NvmeStatus.LATER;
    }

    /// Makes a job of a command with data.
    private NvmeStatus startWithData(Command command, DiskJob.Work work, boolean durable) {
        var job = jobs.take();
        job.memory.copyPieces(memory);
        if (work == DiskJob.Work.WRITE && !jobs.fill(job)) {
            jobs.giveBack(job);
            return NvmeStatus.DATA_TRANSFER_ERROR;
        }
        job.buffer(); // made here: allocating is no work for the drive's thread
        job.set(command, work, offset, memory.bytes(), durable);
        counters.handedOver();
        jobs.start(job);
        return NvmeStatus.LATER;
    }

    private boolean fillVector() {
        vector.clear();
        for (int i = 0; i < memory.runs(); i++) {
            if (!vector.add(memory.host(i), memory.runLength(i))) {
                return false;
            }
        }
        return true;
    }

    // ---- Read

    private NvmeStatus read(Command command) {
        var status = find(command, DriveStats.Kind.READ);
        if (status != NvmeStatus.SUCCESS) {
            return status;
        }
        boolean durable = (command.dword(12) & FORCE_UNIT_ACCESS) != 0;
        if (durable || jobs.hasOld()) {
            return startWithData(command, DiskJob.Work.READ, durable);
        }
        long before = System.nanoTime();
        moved = 0;
        if (!dma.access(memory, true, readNow)) {
            return NvmeStatus.DATA_TRANSFER_ERROR;
        }
        if (moved == memory.bytes()) {
            stats.done(DriveStats.Kind.READ, moved, System.nanoTime() - before);
            return NvmeStatus.SUCCESS;
        }
        return startWithData(command, DiskJob.Work.READ, false);
    }

    private void readNow() {
        moved = fillVector() ? file.tryRead(vector, offset) : 0;
    }

    // ---- Write

    private NvmeStatus write(Command command) {
        if ((command.dword(12) & DIRECTIVE) != 0) {
            return NvmeStatus.INVALID_FIELD;
        }
        var status = find(command, DriveStats.Kind.WRITE);
        if (status != NvmeStatus.SUCCESS) {
            return status;
        }
        boolean durable = (command.dword(12) & FORCE_UNIT_ACCESS) != 0 || !features.cachesWrites();
        if (durable || jobs.hasOld() || !file.writesAtOnce()) {
            return startWithData(command, DiskJob.Work.WRITE, durable);
        }
        long before = System.nanoTime();
        moved = 0;
        if (!dma.access(memory, false, writeNow)) {
            return NvmeStatus.DATA_TRANSFER_ERROR;
        }
        if (moved == memory.bytes()) {
            stats.done(DriveStats.Kind.WRITE, moved, System.nanoTime() - before);
            stats.wroteUpTo(offset + moved);
            return NvmeStatus.SUCCESS;
        }
        return startWithData(command, DiskJob.Work.WRITE, false);
    }

    private void writeNow() {
        moved = fillVector() ? file.tryWrite(vector, offset) : 0;
    }

    // ---- the others

    private NvmeStatus compare(Command command) {
        var status = find(command, DriveStats.Kind.READ);
        return status == NvmeStatus.SUCCESS ? startWithData(command, DiskJob.Work.COMPARE, false) : status;
    }

    private NvmeStatus writeZeroes(Command command) {
        if (!namespace.holds(command.startingBlock(), blocks(command))) {
            stats.refused(DriveStats.Kind.WRITE);
            return NvmeStatus.LBA_OUT_OF_RANGE;
        }
        boolean durable = (command.dword(12) & FORCE_UNIT_ACCESS) != 0 || !features.cachesWrites();
        boolean giveBack = (command.dword(12) & DEALLOCATE) != 0;
        long from = command.startingBlock() << namespace.shift();
        var job = jobs.take();
        job.set(command, DiskJob.Work.ZERO, from, bytes(command), giveBack);
        job.setDurable(durable);
        counters.handedOver();
        jobs.start(job);
        return NvmeStatus.LATER;
    }

    private NvmeStatus manage(Command command) {
        int count = (command.dword(10) & 0xFF) + 1;
        var status = prps.take(command, ranges.array(), count * RANGE);
        if (status != NvmeStatus.SUCCESS || (command.dword(11) & DEALLOCATE_RANGES) == 0) {
            return status;
        }
        // The job keeps the ranges while this room is used for the next command.
        var bytes = new long[2 * count];
        long all = 0;
        for (int i = 0; i < count; i++) {
            long blocks = ranges.getInt(i * RANGE + 4) & 0xFFFF_FFFFL;
            long first = ranges.getLong(i * RANGE + 8);
            if (!namespace.holds(first, blocks)) {
                stats.refused(DriveStats.Kind.UNMAP);
                return NvmeStatus.LBA_OUT_OF_RANGE;
            }
            bytes[2 * i] = first << namespace.shift();
            bytes[2 * i + 1] = blocks << namespace.shift();
            all += bytes[2 * i + 1];
        }
        var job = jobs.take();
        job.set(command, DiskJob.Work.DISCARD, 0, all, false);
        job.setRanges(bytes, count);
        counters.handedOver();
        jobs.start(job);
        return NvmeStatus.LATER;
    }
}
