package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Request;
import org.jspecify.annotations.Nullable;

/// IOMMU_HWPT_ALLOC: an I/O page table for devices like one; answers its id.
///
/// @param flags [#NEST_PARENT], [#DIRTY_TRACKING], [#FAULT_ID_VALID], [#ALLOC_PASID]
/// @param devId the device that it has to fit
/// @param ptId an IOAS for translations of its own; a nest parent or a VIOMMU for a guest's tables on top
/// @param dataType what `data` is
/// @param data what the IOMMU's driver needs: for [#DATA_VTD_S1] an
///     [io.sluice.vfio.host.iommu.StageOne]
/// @param faultId the fault queue, if the flag says so
public record HwptAlloc(
        int flags,
        int devId,
        int ptId,
        int dataType,
        @Nullable Object data,
        int faultId) implements Request<Integer> {
    public static final int NEST_PARENT = 1;
    public static final int DIRTY_TRACKING = 2;
    public static final int FAULT_ID_VALID = 4;
    public static final int ALLOC_PASID = 8;

    public static final int DATA_NONE = 0;
    public static final int DATA_VTD_S1 = 1;

    static final int FLAGS = NEST_PARENT | DIRTY_TRACKING | FAULT_ID_VALID | ALLOC_PASID;
    static final int NESTED_FLAGS = FAULT_ID_VALID | ALLOC_PASID;

    /// One without data of a driver's, and without a fault queue.
    public static HwptAlloc plain(int flags, int devId, int ptId) {
        return new HwptAlloc(flags, devId, ptId, DATA_NONE, null, 0);
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }
}
