package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Request;

/// IOMMU_OPTION: reads or sets an option of the context, or of an IOAS; answers its value.
public record IommuOption(int optionId, int op, int objectId, long value) implements Request<Long> {
    /// 0 to charge locked memory to users, 1 to charge it to processes.
    public static final int RLIMIT_MODE = 0;
    /// Whether the domains of an IOAS may use large pages.
    public static final int HUGE_PAGES = 1;

    public static final int SET = 0;
    public static final int GET = 1;

    public static IommuOption get(int optionId, int objectId) {
        return new IommuOption(optionId, GET, objectId, 0);
    }

    public static IommuOption set(int optionId, int objectId, long value) {
        return new IommuOption(optionId, SET, objectId, value);
    }
}
