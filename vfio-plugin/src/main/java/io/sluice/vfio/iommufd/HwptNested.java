package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.iommu.Domain;
import io.sluice.vfio.host.iommu.NestedDomain;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A guest's page table on top of a page table of ours.
final class HwptNested extends Hwpt {
    private final HwptPaging parent;
    private final NestedDomain domain;

    /// Whose it is, if it was made for one; it then holds the parent.
    final @Nullable Viommu viommu;

    private HwptNested(
            HwptPaging parent,
            NestedDomain domain,
            @Nullable Viommu viommu,
            boolean takesPasids,
            @Nullable FaultQueue faults) {
        super(faults, takesPasids);
        this.parent = parent;
        this.domain = domain;
        this.viommu = viommu;
    }

    /// Makes one and publishes it.
    ///
    /// @param viommu whose it is; null if it is nobody's
    /// @param domain makes what the IOMMU needs
    static HwptNested create(
            Iommufd context,
            HwptPaging parent,
            @Nullable Viommu viommu,
            boolean takesPasids,
            @Nullable FaultQueue faults,
            Supplier<NestedDomain> domain) {
        int id = context.objects.reserve();
        try {
            context.steps().pass("iommufd.hwpt.object");
            var hwpt = new HwptNested(parent, domain.get(), viommu, takesPasids, faults);
            hwpt.above().users++;
            hwpt.useFaults();
            context.objects.publish(id, hwpt);
            return hwpt;
        } catch (HostException e) {
            context.objects.abandon(id);
            throw e;
        }
    }

    private IommuObject above() {
        return viommu == null ? parent : viommu;
    }

    NestedDomain nestedDomain() {
        return domain;
    }

    @Override
    Domain domain() {
        return domain;
    }

    @Override
    HwptPaging paging() {
        return parent;
    }

    @Override
    void destroyed() {
        above().users--;
        dropFaults();
    }

    @Override
    String kind() {
        return "nested HWPT";
    }
}
