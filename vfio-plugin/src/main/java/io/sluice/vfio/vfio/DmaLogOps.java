package io.sluice.vfio.vfio;

import java.util.List;

/// How a device notes what it writes. What it is asked has been checked. Inside the device's strand.
public interface DmaLogOps {
    /// Notes writes from now on.
    ///
    /// @param ranges do not overlap
    /// @return the page size that it notes by, a power of two
    /// @throws HostException if it cannot
    long start(long pageSize, List<FeatureData.LoggingRange> ranges);

    void stop();

    /// Tells which pages of a range were written since they were last told of.
    ///
    /// @param pageSize what a bit stands for; a power of two
    /// @param bitmap bits are set, and never cleared
    /// @throws HostException if it does not know; then all count as written
    void report(long iova, long length, long pageSize, long[] bitmap);
}
