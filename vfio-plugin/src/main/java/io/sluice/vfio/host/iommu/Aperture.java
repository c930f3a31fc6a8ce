package io.sluice.vfio.host.iommu;

/// The I/O virtual addresses that a domain can translate.
///
/// @param last inclusive
public record Aperture(long first, long last) {
    public boolean holds(long first, long last) {
        return this.first <= first && last <= this.last;
    }
}
