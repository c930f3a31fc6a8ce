package io.sluice.vfio.iommufd.ioas;

import io.sluice.vfio.host.iommu.PagingDomain;
import java.util.ArrayList;
import java.util.List;

/// A domain as an IOAS sees it.
///
/// @param first the first address that it translates
/// @param last the last one
/// @param pageSize its smallest page, bytes
public record SpaceDomain(PagingDomain domain, long first, long last, long pageSize) {
    /// What it does not translate.
    List<IovaRange> outside() {
        var outside = new ArrayList<IovaRange>();
        if (first != 0) {
            outside.add(new IovaRange(0, first - 1));
        }
        if (last != -1) {
            outside.add(new IovaRange(last + 1, -1));
        }
        return outside;
    }
}
