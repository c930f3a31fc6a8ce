package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.EOPNOTSUPP;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.iommu.DomainOptions;
import io.sluice.vfio.host.iommu.StageOne;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.RequestTable;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Requests about page tables, and what a device's IOMMU can do.
final class HwptRequests {
    private static final long PAGE = 4096;

    private HwptRequests() {}

    static void addTo(RequestTable<Iommufd> table) {
        table.on("IOMMU_HWPT_ALLOC", HwptAlloc.class, HwptRequests::alloc)
                .on("IOMMU_GET_HW_INFO", GetHwInfo.class, HwptRequests::info)
                .on("IOMMU_HWPT_INVALIDATE", HwptInvalidate.class, HwptRequests::invalidate);
    }

    // ---- allocation

    private static Integer alloc(Iommufd context, Process caller, HwptAlloc request) {
        if ((request.flags() & ~HwptAlloc.FLAGS) != 0) {
            throw new HostException(EOPNOTSUPP, "flags " + request.flags());
        }
        if ((request.dataType() == HwptAlloc.DATA_NONE) != (request.data() == null)) {
            throw new HostException(EINVAL, "data of type " + request.dataType());
        }
        return context.locked(() -> {
            var device = context.objects.get(request.devId(), IommufdDevice.class);
            var below = context.objects.find(request.ptId());
            var faults = request.has(HwptAlloc.FAULT_ID_VALID)
                    ? context.objects.get(request.faultId(), FaultQueue.class)
                    : null;
            Hwpt hwpt = switch (below) {
                case Ioas ioas -> paging(context, device, ioas, request, faults);
                case HwptPaging parent -> nested(context, device, parent, request, faults);
                case Viommu viommu -> nested(context, device, viommu, request, faults);
                case null -> throw new HostException(EINVAL, "object " + request.ptId());
                default -> throw new HostException(EINVAL, "nothing goes on " + below);
            };
            return hwpt.id;
        });
    }

    private static Hwpt paging(
            Iommufd context, IommufdDevice device, Ioas ioas, HwptAlloc request, @Nullable FaultQueue faults) {
        boolean parent = request.has(HwptAlloc.NEST_PARENT);
        boolean dirty = request.has(HwptAlloc.DIRTY_TRACKING);
        if (request.dataType() != HwptAlloc.DATA_NONE || parent && faults != null) {
            throw new HostException(EOPNOTSUPP, "a table of ours with data, or a parent with faults");
        }
        if (dirty && !device.iommu().tracksDirty()) {
            throw new HostException(EOPNOTSUPP, "writes of " + device + " cannot be noted");
        }
        var options = new DomainOptions(dirty, parent, request.has(HwptAlloc.ALLOC_PASID));
        return HwptPaging.create(context, ioas, device, options, false, faults);
    }

    private static void requireNested(HwptAlloc request) {
        if ((request.flags() & ~HwptAlloc.NESTED_FLAGS) != 0 || request.dataType() == HwptAlloc.DATA_NONE) {
            throw new HostException(EOPNOTSUPP, "a nested table with flags " + request.flags());
        }
    }

    private static Hwpt nested(
            Iommufd context, IommufdDevice device, HwptPaging parent, HwptAlloc request, @Nullable FaultQueue faults) {
        if (parent.automatic || !parent.pagingDomain().options().nestParent()) {
            throw new HostException(EINVAL, parent + " is no nest parent");
        }
        requireNested(request);
        if (request.dataType() != HwptAlloc.DATA_VTD_S1) {
            throw new HostException(EOPNOTSUPP, "data of type " + request.dataType());
        }
        if (!(request.data() instanceof StageOne stageOne)) {
            throw new HostException(EINVAL, "that is no first stage");
        }
        return HwptNested.create(
                context,
                parent,
                null,
                request.has(HwptAlloc.ALLOC_PASID),
                faults,
                () -> device.iommu().unit().newNestedDomain(parent.pagingDomain(), stageOne));
    }

    private static Hwpt nested(
            Iommufd context, IommufdDevice device, Viommu viommu, HwptAlloc request, @Nullable FaultQueue faults) {
        requireNested(request);
        viommu.requireBehind(device);
        var data = request.data();
        if (data == null) {
            throw new HostException(EINVAL, "no data");
        }
        return HwptNested.create(
                context,
                viommu.parent(),
                viommu,
                request.has(HwptAlloc.ALLOC_PASID),
                faults,
                () -> viommu.port().newNested(request.dataType(), data));
    }

    // ---- what the hardware is

    private static GetHwInfo.Answer info(Iommufd context, Process caller, GetHwInfo request) {
        boolean asks = (request.flags() & GetHwInfo.INPUT_TYPE) != 0;
        if ((request.flags() & ~GetHwInfo.INPUT_TYPE) != 0 || !asks && request.dataType() != 0) {
            throw new HostException(EOPNOTSUPP, "flags " + request.flags());
        }
        synchronized (context.lock) {
            var iommu =
                    context.objects.get(request.devId(), IommufdDevice.class).iommu();
            if (request.dataType() != GetHwInfo.DATA_DEFAULT && request.dataType() != GetHwInfo.DATA_INTEL_VTD) {
                throw new HostException(EOPNOTSUPP, iommu.unit() + " is no IOMMU of type " + request.dataType());
            }
            var settings = iommu.unit().settings();
            long capabilities = (iommu.tracksDirty() ? GetHwInfo.CAP_DIRTY_TRACKING : 0)
                    | (iommu.traits().ats() ? 0 : GetHwInfo.CAP_PCI_ATS_NOT_SUPPORTED);
            int pasids = iommu.maxPasids();
            return new GetHwInfo.Answer(
                    GetHwInfo.DATA_INTEL_VTD,
                    new GetHwInfo.Vtd(0, settings.cap(), settings.ecap()),
                    pasids == 0 ? 0 : Integer.numberOfTrailingZeros(pasids),
                    capabilities);
        }
    }

    // ---- invalidation

    private static Integer invalidate(Iommufd context, Process caller, HwptInvalidate request) {
        return context.locked(() -> {
            var target = context.objects.get(request.hwptId(), IommuObject.class);
            return switch (target) {
                case HwptNested nested -> invalidate(nested, request);
                case Viommu viommu -> viommu.port().invalidate(request.dataType(), request.entries());
                default -> throw new HostException(EINVAL, target + " has nothing that a guest changes");
            };
        });
    }

    private static int invalidate(HwptNested nested, HwptInvalidate request) {
        if (request.dataType() != HwptInvalidate.DATA_VTD_S1) {
            throw new HostException(EINVAL, "data of type " + request.dataType());
        }
        int done = 0;
        for (var entry : (List<?>) request.entries()) {
            requireEntry(entry, done);
            var vtd = (HwptInvalidate.Vtd) entry;
            nested.nestedDomain().invalidate(vtd.address(), vtd.pages(), (vtd.flags() & HwptInvalidate.Vtd.LEAF) != 0);
            done++;
        }
        return done;
    }

    private static void requireEntry(Object entry, int done) {
        if (!(entry instanceof HwptInvalidate.Vtd vtd)) {
            throw new HostException(EINVAL, "entry " + done + " is of another kind", done);
        }
        if ((vtd.flags() & ~HwptInvalidate.Vtd.LEAF) != 0) {
            throw new HostException(EOPNOTSUPP, "entry " + done + " has flags " + vtd.flags(), done);
        }
        boolean all = vtd.pages() == -1;
        if ((vtd.address() & PAGE - 1) != 0 || vtd.pages() == 0 || all && vtd.address() != 0) {
            throw new HostException(EINVAL, "entry " + done + " is no range", done);
        }
    }
}
