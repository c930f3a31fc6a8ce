package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.process.Request;
import java.util.List;

/// IOMMU_HWPT_INVALIDATE: a guest has changed its tables; answers how many entries were done. If one is refused, the
/// exception tells how many before it were done, and stay so.
///
/// @param hwptId a nested HWPT or a VIOMMU
/// @param entries [Vtd] for [#DATA_VTD_S1], what its driver takes for a VIOMMU; none asks whether the type is known
public record HwptInvalidate(int hwptId, int dataType, List<?> entries) implements Request<Integer> {
    public static final int DATA_VTD_S1 = 0;

    public HwptInvalidate {
        entries = List.copyOf(entries);
    }

    /// Pages of a first stage.
    ///
    /// @param address of the first page; a multiple of 4 KiB
    /// @param pages how many of 4 KiB; -1, with address 0, for all
    /// @param flags [#LEAF] if only the last level has changed
    public record Vtd(long address, long pages, int flags) {
        public static final int LEAF = 1;
    }
}
