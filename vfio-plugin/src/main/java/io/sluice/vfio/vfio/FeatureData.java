package io.sluice.vfio.vfio;

import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// What is handed over with VFIO_DEVICE_FEATURE, by feature.
public sealed interface FeatureData {
    /// Nothing: of a probe, and of features that are only done.
    record None() implements FeatureData {}

    /// PCI_VF_TOKEN.
    record VfToken(UUID token) implements FeatureData {}

    /// MIGRATION.
    ///
    /// @param flags [MigrationOps#STOP_COPY], [MigrationOps#P2P], [MigrationOps#PRE_COPY]
    record MigrationFlags(long flags) implements FeatureData {}

    /// MIG_DEVICE_STATE.
    ///
    /// @param state the number of a [MigrationState]
    /// @param dataFd the descriptor of a new session, -1 for none; not looked at when it is set
    record DeviceState(int state, int dataFd) implements FeatureData {}

    /// MIG_DATA_SIZE.
    record DataSize(long stopCopyLength) implements FeatureData {}

    /// LOW_POWER_ENTRY_WITH_WAKEUP.
    record Wakeup(Eventfd eventfd) implements FeatureData {}

    /// DMA_LOGGING_START. The answer has the page size that the device has chosen.
    record LoggingStart(long pageSize, List<LoggingRange> ranges) implements FeatureData {
        public LoggingStart {
            ranges = List.copyOf(ranges);
        }
    }

    /// A range of I/O addresses, in bytes.
    record LoggingRange(long iova, long length) {}

    /// DMA_LOGGING_REPORT: which pages were written. Bits are set and never cleared.
    ///
    /// @param bitmap a bit for each page, the lowest first
    record LoggingReport(long iova, long length, long pageSize, long[] bitmap) implements FeatureData {}

    /// DMA_BUF.
    record DmaBuf(int region, int openFlags, int flags, List<RegionCapability.Area> ranges) implements FeatureData {
        public DmaBuf {
            ranges = List.copyOf(ranges);
        }
    }

    /// The descriptor that a feature answers.
    record Descriptor(int fd, @Nullable String kind) implements FeatureData {}
}
