package io.sluice.vfio.vfio;

import java.util.List;

/// What GET_REGION_INFO says of a region besides its size, in the chain of capabilities.
public sealed interface RegionCapability {
    /// A piece of a region, in whole pages.
    record Area(long offset, long length) {}

    /// Only these pieces can be mapped (VFIO_REGION_INFO_CAP_SPARSE_MMAP).
    record SparseMmap(List<Area> areas) implements RegionCapability {
        public SparseMmap {
            areas = List.copyOf(areas);
        }
    }

    /// What a region behind those of PCI is (VFIO_REGION_INFO_CAP_TYPE).
    record Type(int type, int subtype) implements RegionCapability {
        public static final int GFX = 1;
        public static final int GFX_EDID = 1;
    }

    /// It can be mapped whole although the MSI-X table is in it (VFIO_REGION_INFO_CAP_MSIX_MAPPABLE).
    record MsixMappable() implements RegionCapability {}
}
