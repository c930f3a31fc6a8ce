package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EEXIST;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.EOPNOTSUPP;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.RequestTable;

/// Requests about virtual IOMMUs.
final class ViommuRequests {
    private ViommuRequests() {}

    static void addTo(RequestTable<Iommufd> table) {
        table.on("IOMMU_VIOMMU_ALLOC", ViommuAlloc.class, ViommuRequests::alloc)
                .on("IOMMU_VDEVICE_ALLOC", VdeviceAlloc.class, ViommuRequests::allocDevice)
                .on("IOMMU_VEVENTQ_ALLOC", VeventqAlloc.class, ViommuRequests::allocEvents)
                .on("IOMMU_HW_QUEUE_ALLOC", HwQueueAlloc.class, ViommuRequests::allocQueue);
    }

    static HostException unsupported(String what) {
        return new HostException(EOPNOTSUPP, "this virtual IOMMU has no " + what);
    }

    private static void requireFlags(int flags) {
        if (flags != 0) {
            throw new HostException(EOPNOTSUPP, "flags " + flags);
        }
    }

    private static ViommuAlloc.Answer alloc(Iommufd context, Process caller, ViommuAlloc request) {
        requireFlags(request.flags());
        return context.locked(() -> {
            var device = context.objects.get(request.devId(), IommufdDevice.class);
            var driver = context.node().viommuDriver(device.iommu().unit(), request.type());
            var parent = context.objects.get(request.hwptId(), HwptPaging.class);
            if (!parent.pagingDomain().options().nestParent()) {
                throw new HostException(EINVAL, parent + " is no nest parent");
            }
            var viommu = Viommu.create(context, driver, device.iommu().unit(), parent, request.data());
            return new ViommuAlloc.Answer(viommu.id, viommu.port().answer());
        });
    }

    private static Integer allocDevice(Iommufd context, Process caller, VdeviceAlloc request) {
        return context.locked(() -> {
            var viommu = context.objects.get(request.viommuId(), Viommu.class);
            var device = context.objects.get(request.devId(), IommufdDevice.class);
            viommu.requireBehind(device);
            if (device.vdevice != null) {
                throw new HostException(EEXIST, device + " is a virtual device already");
            }
            return viommu.plug(device, request.virtId()).id;
        });
    }

    private static VeventqAlloc.Answer allocEvents(Iommufd context, Process caller, VeventqAlloc request) {
        requireFlags(request.flags());
        Veventq queue;
        synchronized (context.lock) {
            var viommu = context.objects.get(request.viommuId(), Viommu.class);
            if (request.type() == VeventqAlloc.TYPE_DEFAULT || !viommu.port().tellsOf(request.type())) {
                throw unsupported("events of type " + request.type());
            }
            if (request.depth() <= 0) {
                throw new HostException(EINVAL, "a queue of " + request.depth() + " events");
            }
            queue = viommu.claimEvents(request.type(), request.depth());
        }
        try {
            return QueueFiles.publish(
                    context,
                    caller,
                    queue,
                    "iommufd.veventq.object",
                    () -> new VeventqFile(context, queue),
                    VeventqAlloc.Answer::new);
        } catch (HostException e) {
            synchronized (context.lock) {
                queue.destroyed();
            }
            throw e;
        }
    }

    private static Integer allocQueue(Iommufd context, Process caller, HwQueueAlloc request) {
        requireFlags(request.flags());
        return context.locked(() -> {
            var viommu = context.objects.get(request.viommuId(), Viommu.class);
            return HwQueue.create(context, viommu, request).id;
        });
    }
}
