package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EFAULT;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.EOPNOTSUPP;
import static io.sluice.vfio.host.Errno.EOVERFLOW;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.process.Nothing;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.RequestTable;
import io.sluice.vmm.address.Iova;

/// Which pages devices have written, by page table.
final class DirtyTracking {
    private DirtyTracking() {}

    static void addTo(RequestTable<Iommufd> table) {
        table.on("IOMMU_HWPT_SET_DIRTY_TRACKING", HwptSetDirtyTracking.class, DirtyTracking::set)
                .on("IOMMU_HWPT_GET_DIRTY_BITMAP", HwptGetDirtyBitmap.class, DirtyTracking::get);
    }

    private static HwptPaging tracked(Iommufd context, int hwptId) {
        var hwpt = context.objects.get(hwptId, HwptPaging.class);
        if (!hwpt.pagingDomain().options().dirtyTracking()) {
            throw new HostException(EOPNOTSUPP, hwpt + " notes no writes");
        }
        return hwpt;
    }

    private static Nothing set(Iommufd context, Process caller, HwptSetDirtyTracking request) {
        if ((request.flags() & ~HwptSetDirtyTracking.ENABLE) != 0) {
            throw new HostException(EOPNOTSUPP, "flags " + request.flags());
        }
        synchronized (context.lock) {
            var hwpt = tracked(context, request.hwptId());
            context.steps().pass("iommufd.dirty.set");
            hwpt.pagingDomain().trackDirty(request.flags() != 0);
            return Nothing.DONE;
        }
    }

    private static Nothing get(Iommufd context, Process caller, HwptGetDirtyBitmap request) {
        if ((request.flags() & ~HwptGetDirtyBitmap.NO_CLEAR) != 0) {
            throw new HostException(EOPNOTSUPP, "flags " + request.flags());
        }
        synchronized (context.lock) {
            var hwpt = tracked(context, request.hwptId());
            require(request, hwpt);
            long last = request.iova() + request.length() - 1;
            requireMapped(hwpt, request.iova(), last);
            int shift = Long.numberOfTrailingZeros(request.pageSize());
            hwpt.pagingDomain()
                    .readDirty(
                            new Iova(request.iova()),
                            request.length(),
                            request.flags() == 0,
                            (iova, length) -> mark(request, shift, iova.bits() - request.iova(), length));
            return Nothing.DONE;
        }
    }

    private static void require(HwptGetDirtyBitmap request, HwptPaging hwpt) {
        long page = request.pageSize();
        if (page <= 0 || Long.bitCount(page) != 1 || page < hwpt.pagingDomain().granule()) {
            throw new HostException(EINVAL, "bits for " + page + " bytes");
        }
        if (request.length() == 0 || ((request.iova() | request.length()) & page - 1) != 0) {
            throw new HostException(EINVAL, "a range that is no multiple of " + page);
        }
        if (Long.compareUnsigned(request.iova() + request.length() - 1, request.iova()) < 0) {
            throw new HostException(EOVERFLOW, "IOVA 0x" + Long.toHexString(request.iova()));
        }
        long bytes = Long.divideUnsigned(request.length(), page) + 7 >>> 3;
        if (request.offset() < 0 || bytes > request.bitmap().length - (long) request.offset()) {
            throw new HostException(EFAULT, "a bitmap of " + bytes + " bytes");
        }
    }

    private static void requireMapped(HwptPaging hwpt, long first, long last) {
        if (!hwpt.ioas.space.isMapped(first, last)) {
            throw new HostException(EINVAL, "a hole at or behind IOVA 0x" + Long.toHexString(first));
        }
    }

    /// Sets the bits of a range that begins `at` bytes from the first bit's.
    private static void mark(HwptGetDirtyBitmap request, int shift, long at, long length) {
        for (long bit = at >>> shift; bit <= at + length - 1 >>> shift; bit++) {
            request.bitmap()[request.offset() + (int) (bit >>> 3)] |= (byte) (1 << (bit & 7));
        }
    }
}
