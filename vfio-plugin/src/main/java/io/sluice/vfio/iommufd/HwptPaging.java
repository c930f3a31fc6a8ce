package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EINVAL;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.iommu.Domain;
import io.sluice.vfio.host.iommu.DomainOptions;
import io.sluice.vfio.host.iommu.PagingDomain;
import org.jspecify.annotations.Nullable;

/// A page table that translates what is mapped in an IOAS.
final class HwptPaging extends Hwpt {
    final Iommufd context;
    final Ioas ioas;
    private final PagingDomain domain;

    /// Whether it was made because a device named its IOAS; then it goes with the last device.
    final boolean automatic;

    private HwptPaging(
            Iommufd context, Ioas ioas, PagingDomain domain, boolean automatic, @Nullable FaultQueue faults) {
        super(faults, domain.options().pasid());
        this.context = context;
        this.ioas = ioas;
        this.domain = domain;
        this.automatic = automatic;
    }

    /// Makes one for devices like `device`, with everything in it that is mapped, and publishes it. Nobody is attached.
    ///
    /// @param automatic whether it goes with its last device
    static HwptPaging create(
            Iommufd context,
            Ioas ioas,
            IommufdDevice device,
            DomainOptions options,
            boolean automatic,
            @Nullable FaultQueue faults) {
        int id = context.objects.reserve();
        try {
            context.steps().pass("iommufd.hwpt.object");
            var domain = device.iommu().unit().newPagingDomain(options);
            requireCoherent(device, domain);
            var hwpt = new HwptPaging(context, ioas, domain, automatic, faults);
            ioas.space.add(domain);
            ioas.hwpts.add(hwpt);
            ioas.users++;
            hwpt.useFaults();
            context.objects.publish(id, hwpt);
            return hwpt;
        } catch (HostException e) {
            context.objects.abandon(id);
            throw e;
        }
    }

    /// Makes DMA of a device coherent, if its IOMMU can.
    ///
    /// @throws HostException EINVAL if it cannot, and the DMA is not coherent by itself
    static void requireCoherent(IommufdDevice device, PagingDomain domain) {
        boolean enforced = device.iommu().unit().settings().enforcesCoherency() && domain.enforceCoherency();
        if (!enforced && !device.iommu().traits().coherent()) {
            throw new HostException(EINVAL, "DMA of " + device + " cannot be made coherent");
        }
    }

    PagingDomain pagingDomain() {
        return domain;
    }

    @Override
    Domain domain() {
        return domain;
    }

    @Override
    HwptPaging paging() {
        return this;
    }

    @Override
    void destroyed() {
        ioas.hwpts.remove(this);
        ioas.space.remove(domain);
        ioas.users--;
        dropFaults();
    }

    @Override
    String kind() {
        return "HWPT";
    }
}
