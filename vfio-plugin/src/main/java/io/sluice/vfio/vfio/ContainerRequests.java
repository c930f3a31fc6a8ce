package io.sluice.vfio.vfio;

import io.sluice.vfio.host.process.Request;

/// What a container answers beyond what an iommufd answers in its place.
public final class ContainerRequests {
    public static final int DIRTY_START = 1;
    public static final int DIRTY_STOP = 2;
    public static final int DIRTY_GET_BITMAP = 4;

    /// Bits of the page sizes that dirty pages are told by.
    public static final long DIRTY_PAGE_SIZES = 4096;

    /// Bytes of the largest bitmap.
    public static final long DIRTY_BITMAP_SIZE = 256L << 20;

    private ContainerRequests() {}

    /// VFIO_IOMMU_DIRTY_PAGES. Answers how many bits of the bitmap are set.
    ///
    /// If a device of the container's writes by the IOMMU, all that is mapped is dirty, each time. Emulated devices
    /// have
    /// dirtied what they have written, and what they have or had pinned, since the answer before; what is still pinned
    /// is dirty each time. The range has to have whole mappings in it.
    ///
    /// @param flags one of [#DIRTY_START], [#DIRTY_STOP], [#DIRTY_GET_BITMAP]
    /// @param bitmap bits are set, and never cleared
    public record DirtyPages(int flags, long iova, long size, long pageSize, long[] bitmap) implements Request<Long> {
        public DirtyPages(int flags) {
            this(flags, 0, 0, 0, new long[0]);
        }
    }
}
