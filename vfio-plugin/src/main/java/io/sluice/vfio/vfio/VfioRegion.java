package io.sluice.vfio.vfio;

import java.util.List;

/// One region of a device: its index is its place in the device's list.
///
/// @param size bytes; 0 for a region that is absent
/// @param flags [#READ], [#WRITE], [#MMAP]; [#CAPS] with `capabilities`
public record VfioRegion(long size, int flags, List<RegionCapability> capabilities) {
    public static final int READ = 1;
    public static final int WRITE = 2;
    public static final int MMAP = 4;
    public static final int CAPS = 8;

    /// Indexes of a PCI device's regions: 0 to 5 are the BARs.
    public static final int ROM = 6;

    public static final int CONFIG = 7;
    public static final int VGA = 8;
    public static final int PCI_REGIONS = 9;

    private static final int OFFSET_SHIFT = 40;

    public VfioRegion {
        capabilities = List.copyOf(capabilities);
        flags = capabilities.isEmpty() ? flags & ~CAPS : flags | CAPS;
    }

    public VfioRegion(long size, int flags) {
        this(size, flags, List.of());
    }

    /// One that is memory wholly, and can be mapped.
    public static VfioRegion memory(long size) {
        return new VfioRegion(size, READ | WRITE | MMAP);
    }

    public static VfioRegion trapped(long size) {
        return new VfioRegion(size, READ | WRITE);
    }

    public static VfioRegion absent() {
        return new VfioRegion(0, 0);
    }

    /// The pieces that can be mapped, as the device has them: all of it unless a capability says less.
    public List<RegionCapability.Area> mappable() {
        if ((flags & MMAP) == 0) {
            return List.of();
        }
        for (var capability : capabilities) {
            if (capability instanceof RegionCapability.SparseMmap sparse) {
                return sparse.areas();
            }
        }
        return List.of(new RegionCapability.Area(0, size));
    }

    /// Where a region lies in the device's file.
    public static long fileOffset(int index) {
        return (long) index << OFFSET_SHIFT;
    }

    static int index(long position) {
        return (int) (position >>> OFFSET_SHIFT);
    }

    static long offset(long position) {
        return position & (1L << OFFSET_SHIFT) - 1;
    }
}
