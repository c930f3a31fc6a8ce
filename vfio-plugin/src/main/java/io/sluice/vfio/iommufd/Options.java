package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EBUSY;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.EOPNOTSUPP;
import static io.sluice.vfio.host.Errno.EPERM;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.process.Capability;
import io.sluice.vfio.host.process.Process;

/// What IOMMU_OPTION reads and sets.
final class Options {
    private Options() {}

    static long rlimitMode(Iommufd context, Process caller, IommuOption option, boolean sets) {
        if (option.objectId() != 0) {
            throw new HostException(EOPNOTSUPP, "the limit's mode is not an object's");
        }
        if (sets) {
            if (!caller.has(Capability.SYS_RESOURCE)) {
                throw new HostException(EPERM, "the limit's mode");
            }
            if (!context.objects.isEmpty()) {
                throw new HostException(EBUSY, "there are objects");
            }
            if (option.value() != 0 && option.value() != 1) {
                throw new HostException(EINVAL, "limit mode " + option.value());
            }
            context.chargeProcesses(option.value() == 1);
        }
        return context.chargesProcesses() ? 1 : 0;
    }

    static long hugePages(Iommufd context, IommuOption option, boolean sets) {
        var ioas = context.objects.get(option.objectId(), Ioas.class);
        if (sets) {
            if (option.value() != 0 && option.value() != 1) {
                throw new HostException(EINVAL, "huge pages " + option.value());
            }
            ioas.space.useHugePages(option.value() == 1);
        }
        return ioas.space.usesHugePages() ? 1 : 0;
    }
}
