package io.sluice.vfio.host.iommu;

/// What a paging domain is for.
///
/// @param dirtyTracking whether it will note writes; devices whose IOMMU cannot are refused then
/// @param nestParent whether a guest's first stage may stand on it
/// @param pasid whether it may be the domain of a PASID
public record DomainOptions(boolean dirtyTracking, boolean nestParent, boolean pasid) {
    /// Translations and no more.
    public static final DomainOptions PLAIN = new DomainOptions(false, false, false);
}
