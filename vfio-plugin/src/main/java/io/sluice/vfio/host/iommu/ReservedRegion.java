package io.sluice.vfio.host.iommu;

/// I/O virtual addresses that are not free for mappings: something else answers there, or needs them as they are.
///
/// @param last inclusive
public record ReservedRegion(long first, long last, Kind kind) {
    public enum Kind {
        /// Mapped one to one at all times, for firmware.
        DIRECT,
        /// Mapped one to one until somebody else takes the device over.
        DIRECT_RELAXABLE,
        /// Never to be used.
        RESERVED,
        /// Writes there are interrupts.
        MSI,
        /// A window in which software maps the place where interrupts go.
        SW_MSI
    }

    /// Where writes are interrupts, behind every VT-d unit (VT-d specification, section 3.14).
    static final ReservedRegion INTERRUPTS = new ReservedRegion(0xFEE0_0000L, 0xFEEF_FFFFL, Kind.MSI);

    public ReservedRegion {
        if (first < 0 || last < first) {
            throw new IllegalArgumentException("a region from " + first + " to " + last);
        }
    }
}
