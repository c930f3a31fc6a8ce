package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.EOPNOTSUPP;
import static io.sluice.vfio.host.Errno.EOVERFLOW;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.process.Nothing;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.RequestTable;

/// The requests of vfio's container, on one IOAS of a context.
final class CompatRequests {
    private static final long PAGE = 4096;
    private static final long MOST_MAPPINGS = 0xFFFF_FFFFL;

    private CompatRequests() {}

    static RequestTable<Iommufd> addTo(RequestTable<Iommufd> table) {
        return table.on("IOMMU_VFIO_IOAS", IommuVfioIoas.class, CompatRequests::ioas)
                .on("VFIO_GET_API_VERSION", VfioGetApiVersion.class, (context, caller, request) -> 0)
                .on("VFIO_CHECK_EXTENSION", VfioCheckExtension.class, CompatRequests::extension)
                .on("VFIO_SET_IOMMU", VfioSetIommu.class, CompatRequests::setIommu)
                .on("VFIO_IOMMU_GET_INFO", VfioIommuGetInfo.class, CompatRequests::info)
                .on("VFIO_IOMMU_MAP_DMA", VfioIommuMapDma.class, CompatRequests::map)
                .on("VFIO_IOMMU_UNMAP_DMA", VfioIommuUnmapDma.class, CompatRequests::unmap);
    }

    private static Integer ioas(Iommufd context, Process caller, IommuVfioIoas request) {
        synchronized (context.lock) {
            return switch (request.op()) {
                case IommuVfioIoas.GET -> context.requireCompat().id;
                case IommuVfioIoas.SET -> {
                    var ioas = context.objects.get(request.ioasId(), Ioas.class);
                    context.compat(ioas);
                    yield ioas.id;
                }
                case IommuVfioIoas.CLEAR -> {
                    context.compat(null);
                    yield 0;
                }
                default -> throw new HostException(EOPNOTSUPP, "operation " + request.op());
            };
        }
    }

    private static Integer extension(Iommufd context, Process caller, VfioCheckExtension request) {
        return switch (request.extension()) {
            case VfioCheckExtension.TYPE1, VfioCheckExtension.TYPE1_V2, VfioCheckExtension.UNMAP_ALL -> 1;
            case VfioCheckExtension.DMA_CC -> isCoherent(context) ? 1 : 0;
            default -> 0;
        };
    }

    private static boolean isCoherent(Iommufd context) {
        synchronized (context.lock) {
            return context.requireCompat().hwpts.stream()
                    .allMatch(hwpt -> hwpt.pagingDomain().isCoherent());
        }
    }

    private static Nothing setIommu(Iommufd context, Process caller, VfioSetIommu request) {
        if (request.type() != VfioCheckExtension.TYPE1 && request.type() != VfioCheckExtension.TYPE1_V2) {
            throw new HostException(EINVAL, "IOMMU type " + request.type());
        }
        synchronized (context.lock) {
            var ioas = context.requireCompat();
            if (request.type() == VfioCheckExtension.TYPE1) {
                ioas.space.useHugePages(false);
            }
            return Nothing.DONE;
        }
    }

    private static VfioIommuGetInfo.Answer info(Iommufd context, Process caller, VfioIommuGetInfo request) {
        synchronized (context.lock) {
            var space = context.requireCompat().space;
            return new VfioIommuGetInfo.Answer(Math.max(PAGE, space.alignment()), space.usable(), MOST_MAPPINGS);
        }
    }

    private static Nothing map(Iommufd context, Process caller, VfioIommuMapDma request) {
        if ((request.flags() & ~(VfioIommuMapDma.READ | VfioIommuMapDma.WRITE)) != 0 || request.flags() == 0) {
            throw new HostException(EINVAL, "flags " + request.flags());
        }
        int flags = IoasMap.FIXED_IOVA
                | ((request.flags() & VfioIommuMapDma.READ) != 0 ? IoasMap.READABLE : 0)
                | ((request.flags() & VfioIommuMapDma.WRITE) != 0 ? IoasMap.WRITEABLE : 0);
        synchronized (context.lock) {
            var ioas = context.requireCompat();
            requireNoWrap(request.vaddr(), request.size());
            IoasRequests.mapMemory(context, caller, ioas, flags, request.vaddr(), request.size(), request.iova());
            return Nothing.DONE;
        }
    }

    private static void requireNoWrap(long first, long length) {
        if (length != 0 && Long.compareUnsigned(first + length - 1, first) < 0) {
            throw new HostException(EOVERFLOW, "0x" + Long.toHexString(first) + " + " + length);
        }
    }

    private static Long unmap(Iommufd context, Process caller, VfioIommuUnmapDma request) {
        if ((request.flags() & ~VfioIommuUnmapDma.ALL) != 0) {
            throw new HostException(EINVAL, "flags " + request.flags());
        }
        boolean all = request.flags() != 0;
        long last = all ? -1 : request.iova() + request.size() - 1;
        int id;
        synchronized (context.lock) {
            var ioas = context.requireCompat();
            id = ioas.id;
            if (all ? request.iova() != 0 || request.size() != 0 : request.size() == 0) {
                throw new HostException(EINVAL, request.size() + " bytes");
            }
            requireNoWrap(request.iova(), request.size());
            if (!all && !ioas.space.usesHugePages()) {
                ioas.space.cut(request.iova(), last);
            }
        }
        return IoasRequests.unmap(context, id, request.iova(), last);
    }
}
