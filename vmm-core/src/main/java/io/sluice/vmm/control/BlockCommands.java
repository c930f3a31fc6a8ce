package io.sluice.vmm.control;

import io.sluice.vmm.disk.DriveStats;
import io.sluice.vmm.disk.DriveStats.Kind;
import io.sluice.vmm.machine.DriveInfo;
import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.Command.Nothing;
import io.sluice.vmm.qapi.ListType;
import io.sluice.vmm.qapi.Member;
import io.sluice.vmm.qapi.QapiEnum;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The drives, and what was done with them.
final class BlockCommands {
    private final Machine machine;

    BlockCommands(Machine machine) {
        this.machine = machine;
    }

    record Cache(
            @Member("Whether what is written may stay in a cache.")
            boolean writeback,

            @Member("Whether the host's page cache is left out.")
            boolean direct,

            @Member("Whether flushes are left out.") boolean noFlush) {}

    record Image(
            @Member("The file.") String filename,
            @Member("Its format.") String format,
            @Member("Bytes that the guest sees.") long virtualSize) {}

    enum DetectZeroes implements QapiEnum {
        OFF,
        ON,
        UNMAP
    }

    record Inserted(
            @Member("The file.") String file,
            @Member("Whether it can only be read.") boolean ro,
            @Member("What knows its format.") String drv,
            @Member("Whether it is encrypted.") boolean encrypted,

            @Member(name = "detect_zeroes", value = "Whether zeroes that are written are looked for.")
            DetectZeroes detectZeroes,

            @Member(name = "backing_file_depth", value = "Images behind it.")
            long backingFileDepth,

            @Member("Most bytes a second; 0 for no limit, as for the others.")
            long bps,

            @Member(name = "bps_rd", value = "Most bytes read a second.")
            long bpsRead,

            @Member(name = "bps_wr", value = "Most bytes written a second.")
            long bpsWritten,

            @Member("Most operations a second.") long iops,

            @Member(name = "iops_rd", value = "Most reads a second.")
            long iopsRead,

            @Member(name = "iops_wr", value = "Most writes a second.")
            long iopsWritten,

            @Member("The image.") Image image,
            @Member("How it is cached.") Cache cache,

            @Member(name = "write_threshold", value = "A write beyond it is told; 0 for none.")
            long writeThreshold) {}

    enum IoStatus implements QapiEnum {
        OK,
        FAILED,
        NOSPACE
    }

    record Block(
            @Member("Name of the drive.") String device,

            @Member("The device that has it, by its name or its path.") @Nullable
            String qdev,

            @Member("What the guest sees; not told.") String type,

            @Member("Whether the guest can take the medium out.")
            boolean removable,

            @Member("Whether the guest has locked the medium.")
            boolean locked,

            @Member("The medium.") Inserted inserted,

            @Member("Whether the last operations were done.")
            IoStatus ioStatus) {}

    record TimedStats(
            @Member(name = "interval_length", value = "Seconds that it is about.")
            long intervalLength) {}

    record Stats(
            @Member(name = "rd_bytes", value = "Bytes read.")
            long readBytes,

            @Member(name = "wr_bytes", value = "Bytes written.")
            long writtenBytes,

            @Member(name = "unmap_bytes", value = "Bytes given back.")
            long unmapBytes,

            @Member(name = "rd_operations", value = "Reads.")
            long reads,

            @Member(name = "wr_operations", value = "Writes.")
            long writes,

            @Member(name = "flush_operations", value = "Flushes.")
            long flushes,

            @Member(name = "unmap_operations", value = "Times that blocks were given back.")
            long unmaps,

            @Member(name = "rd_total_time_ns", value = "Nanoseconds that reads took.")
            long readTime,

            @Member(name = "wr_total_time_ns", value = "Nanoseconds that writes took.")
            long writeTime,

            @Member(name = "flush_total_time_ns", value = "Nanoseconds that flushes took.")
            long flushTime,

            @Member(name = "unmap_total_time_ns", value = "Nanoseconds that giving back took.")
            long unmapTime,

            @Member(name = "wr_highest_offset", value = "Just behind the last byte written.")
            long highestWritten,

            @Member(name = "rd_merged", value = "Reads that became one.")
            long readsMerged,

            @Member(name = "wr_merged", value = "Writes that became one.")
            long writesMerged,

            @Member(name = "unmap_merged", value = "Times giving back became one.")
            long unmapsMerged,

            @Member(name = "failed_rd_operations", value = "Reads that the host failed.")
            long readsFailed,

            @Member(name = "failed_wr_operations", value = "Writes that the host failed.")
            long writesFailed,

            @Member(name = "failed_flush_operations", value = "Flushes that the host failed.")
            long flushesFailed,

            @Member(name = "failed_unmap_operations", value = "Times that blocks could not be given back.")
            long unmapsFailed,

            @Member(name = "invalid_rd_operations", value = "Reads that were refused.")
            long readsInvalid,

            @Member(name = "invalid_wr_operations", value = "Writes that were refused.")
            long writesInvalid,

            @Member(name = "invalid_flush_operations", value = "Flushes that were refused.")
            long flushesInvalid,

            @Member(name = "invalid_unmap_operations", value = "Times that giving back was refused.")
            long unmapsInvalid,

            @Member(name = "account_invalid", value = "Whether what was refused counts.")
            boolean accountInvalid,

            @Member(name = "account_failed", value = "Whether what failed counts.")
            boolean accountFailed,

            @Member(name = "timed_stats", value = "Numbers of intervals; there are none.")
            List<TimedStats> timedStats) {}

    record BlockStats(
            @Member("Name of the drive.") String device,
            @Member("The device that has it.") @Nullable String qdev,
            @Member("The numbers.") Stats stats) {}

    record StatsArguments(
            @Member("Tell of nodes, not of drives; there are none.") @Nullable
            Boolean queryNodes) {}

    List<Command<?, ?>> commands() {
        return List.of(
                Command.of(
                        "query-block",
                        Nothing.class,
                        ListType.of(Block.class),
                        "The drives.",
                        none -> machine.drives().stream()
                                .map(BlockCommands::block)
                                .toList()),
                Command.of(
                        "query-blockstats",
                        StatsArguments.class,
                        ListType.of(BlockStats.class),
                        "What was done with the drives.",
                        arguments -> Boolean.TRUE.equals(arguments.queryNodes)
                                ? List.<BlockStats>of()
                                : machine.drives().stream()
                                        .map(BlockCommands::stats)
                                        .toList()));
    }

    private static Block block(DriveInfo drive) {
        var file = drive.file();
        var name = file.path().toString();
        var inserted = new Inserted(
                name,
                file.isReadOnly(),
                "raw",
                false,
                DetectZeroes.OFF,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                new Image(name, "raw", file.size()),
                new Cache(true, false, false),
                0);
        return new Block(drive.id(), drive.device(), "unknown", drive.device() == null, false, inserted, IoStatus.OK);
    }

    private static BlockStats stats(DriveInfo drive) {
        return new BlockStats(drive.id(), drive.device(), stats(drive.stats()));
    }

    private static Stats stats(DriveStats stats) {
        return new Stats(
                stats.bytes(Kind.READ),
                stats.bytes(Kind.WRITE),
                stats.bytes(Kind.UNMAP),
                stats.operations(Kind.READ),
                stats.operations(Kind.WRITE),
                stats.operations(Kind.FLUSH),
                stats.operations(Kind.UNMAP),
                stats.nanos(Kind.READ),
                stats.nanos(Kind.WRITE),
                stats.nanos(Kind.FLUSH),
                stats.nanos(Kind.UNMAP),
                stats.highestWritten(),
                0,
                0,
                0,
                stats.failures(Kind.READ),
                stats.failures(Kind.WRITE),
                stats.failures(Kind.FLUSH),
                stats.failures(Kind.UNMAP),
                stats.refusals(Kind.READ),
                stats.refusals(Kind.WRITE),
                stats.refusals(Kind.FLUSH),
                stats.refusals(Kind.UNMAP),
                true,
                true,
                List.of());
    }
}
