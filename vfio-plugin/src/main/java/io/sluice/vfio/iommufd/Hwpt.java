package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.iommu.Domain;
import org.jspecify.annotations.Nullable;

/// An I/O page table that devices can be attached to.
abstract sealed class Hwpt extends IommuObject permits HwptPaging, HwptNested {
    /// Where page requests of devices on it go; null to refuse them.
    final @Nullable FaultQueue faults;

    /// Whether it can be the table of a PASID, and beside such.
    final boolean takesPasids;

    Hwpt(@Nullable FaultQueue faults, boolean takesPasids) {
        this.faults = faults;
        this.takesPasids = takesPasids;
    }

    /// What the IOMMU knows of it.
    abstract Domain domain();

    /// The table with the translations of an IOAS that is under it, or is it.
    abstract HwptPaging paging();

    void useFaults() {
        if (faults != null) {
            faults.users++;
        }
    }

    void dropFaults() {
        if (faults != null) {
            faults.users--;
        }
    }
}
