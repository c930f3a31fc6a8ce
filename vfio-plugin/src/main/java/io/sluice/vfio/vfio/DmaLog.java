package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.vfio.FeatureData.LoggingRange;
import java.util.List;

/// What the user has asked of a device's notes of its writes: checks, and hands on. Inside the device's strand.
final class DmaLog {
    /// A page of 4 KiB holds as many ranges.
    static final int MOST_RANGES = 256;

    private static final long LEAST_PAGE = 4096;

    private final DmaLogOps ops;
    private List<LoggingRange> ranges = List.of();

    DmaLog(DmaLogOps ops) {
        this.ops = ops;
    }

    FeatureData.LoggingStart start(FeatureData.LoggingStart request) {
        if (!isPowerOfTwo(request.pageSize()) || request.ranges().isEmpty()) {
            throw new HostException(Errno.EINVAL, "DMA logging of no ranges, or by pages of no size");
        }
        if (request.ranges().size() > MOST_RANGES) {
            throw new HostException(
                    Errno.E2BIG, "DMA logging of " + request.ranges().size() + " ranges");
        }
        var sorted = request.ranges().stream()
                .sorted((one, other) -> Long.compareUnsigned(one.iova(), other.iova()))
                .toList();
        for (int i = 0; i < sorted.size(); i++) {
            var range = sorted.get(i);
            check(range.iova(), range.length(), request.pageSize());
            if (i > 0 && Long.compareUnsigned(last(sorted.get(i - 1)), range.iova()) >= 0) {
                throw new HostException(Errno.EINVAL, "DMA logging of ranges that overlap");
            }
        }
        if (isOn()) {
            throw new HostException(Errno.EINVAL, "DMA logging is on");
        }
        long chosen = ops.start(request.pageSize(), sorted);
        ranges = sorted;
        return new FeatureData.LoggingStart(chosen, request.ranges());
    }

    private static boolean isPowerOfTwo(long size) {
        return size > 0 && Long.bitCount(size) == 1;
    }

    private static long last(LoggingRange range) {
        return range.iova() + range.length() - 1;
    }

    private static void check(long iova, long length, long pageSize) {
        if (length == 0 || ((iova | length) & pageSize - 1) != 0) {
            throw new HostException(Errno.EINVAL, "a range that is empty or no whole pages");
        }
        if (Long.compareUnsigned(iova + length - 1, iova) < 0) {
            throw new HostException(Errno.EOVERFLOW, "a range beyond the last address");
        }
    }

    boolean isOn() {
        return !ranges.isEmpty();
    }

    void stop() {
        if (isOn()) {
            ranges = List.of();
            ops.stop();
        }
    }

    FeatureData.LoggingReport report(FeatureData.LoggingReport request) {
        if (request.pageSize() < LEAST_PAGE || !isPowerOfTwo(request.pageSize())) {
            throw new HostException(Errno.EINVAL, "a report by pages of " + request.pageSize() + " bytes");
        }
        check(request.iova(), request.length(), request.pageSize());
        long pages = Long.divideUnsigned(request.length(), request.pageSize());
        if (Long.compareUnsigned(pages, 64L * request.bitmap().length) > 0) {
            throw new HostException(Errno.EINVAL, "a bitmap of too few bits");
        }
        long last = request.iova() + request.length() - 1;
        if (ranges.stream()
                .noneMatch(range -> Long.compareUnsigned(range.iova(), request.iova()) <= 0
                        && Long.compareUnsigned(last, last(range)) <= 0)) {
            throw new HostException(Errno.EINVAL, "a report of what is not noted");
        }
        ops.report(request.iova(), request.length(), request.pageSize(), request.bitmap());
        return request;
    }
}
