package io.sluice.vfio.host.iommu;

/// What the page tables of an IOMMU look like: nine bits a level, leaves on the three lowest levels.
///
/// @param granuleShift log2 of the smallest page
/// @param levels how many levels there are
/// @param largePages whether a leaf is as large as fits, or of the smallest size always
public record TableFormat(int granuleShift, int levels, boolean largePages) {
    /// VT-d's second stage with 48 bits: pages of 4 KiB, 2 MiB and 1 GiB (VT-d specification, section 3.7).
    public static final TableFormat VTD_48 = new TableFormat(12, 4, true);

    /// VT-d's with 57 bits.
    public static final TableFormat VTD_57 = new TableFormat(12, 5, true);

    public TableFormat {
        if (granuleShift < 11 || granuleShift > 16 || levels < 2 || granuleShift + 9 * levels > 62) {
            throw new IllegalArgumentException("a granule of 2^" + granuleShift + " and " + levels + " levels");
        }
    }

    /// The last address that can be translated.
    public long last() {
        return (1L << granuleShift + 9 * levels) - 1;
    }
}
