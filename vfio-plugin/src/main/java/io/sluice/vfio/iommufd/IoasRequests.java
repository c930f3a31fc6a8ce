package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EDEADLOCK;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.EMSGSIZE;
import static io.sluice.vfio.host.Errno.ENOENT;
import static io.sluice.vfio.host.Errno.EOPNOTSUPP;
import static io.sluice.vfio.host.Errno.EOVERFLOW;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.process.MemFileHandle;
import io.sluice.vfio.host.process.Nothing;
import io.sluice.vfio.host.process.OpenFile;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.RequestTable;
import io.sluice.vfio.iommufd.ioas.Area;
import io.sluice.vfio.iommufd.ioas.PageObject;
import io.sluice.vfio.iommufd.ioas.Unmapping;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Requests about an IOAS and what is mapped in it.
final class IoasRequests {
    /// As often accesses are asked to let go of what is to be unmapped.
    private static final int MOST_ROUNDS = 100;

    private static final long PAGE = 4096;

    private IoasRequests() {}

    static void addTo(RequestTable<Iommufd> table) {
        table.on("IOMMU_IOAS_ALLOC", IoasAlloc.class, IoasRequests::alloc)
                .on("IOMMU_IOAS_ALLOW_IOVAS", IoasAllowIovas.class, IoasRequests::allow)
                .on("IOMMU_IOAS_IOVA_RANGES", IoasIovaRanges.class, IoasRequests::ranges)
                .on("IOMMU_IOAS_MAP", IoasMap.class, IoasRequests::map)
                .on("IOMMU_IOAS_MAP_FILE", IoasMapFile.class, IoasRequests::mapFile)
                .on("IOMMU_IOAS_COPY", IoasCopy.class, IoasRequests::copy)
                .on("IOMMU_IOAS_UNMAP", IoasUnmap.class, IoasRequests::unmap)
                .on("IOMMU_IOAS_CHANGE_PROCESS", IoasChangeProcess.class, ChangeProcess::change);
    }

    private static Integer alloc(Iommufd context, Process caller, IoasAlloc request) {
        if (request.flags() != 0) {
            throw new HostException(EOPNOTSUPP, "flags " + request.flags());
        }
        synchronized (context.lock) {
            return Ioas.create(context).id;
        }
    }

    private static Nothing allow(Iommufd context, Process caller, IoasAllowIovas request) {
        synchronized (context.lock) {
            context.objects.get(request.ioasId(), Ioas.class).space.allow(request.ranges());
            return Nothing.DONE;
        }
    }

    private static IoasIovaRanges.Answer ranges(Iommufd context, Process caller, IoasIovaRanges request) {
        synchronized (context.lock) {
            var space = context.objects.get(request.ioasId(), Ioas.class).space;
            var ranges = space.usable();
            if (ranges.size() > request.room()) {
                throw new HostException(EMSGSIZE, "there are " + ranges.size() + " ranges", ranges.size());
            }
            return new IoasIovaRanges.Answer(ranges, space.alignment());
        }
    }

    // ---- map

    private static void requireFlags(int flags) {
        if ((flags & ~IoasMap.FLAGS) != 0) {
            throw new HostException(EOPNOTSUPP, "flags " + flags);
        }
        if ((flags & (IoasMap.READABLE | IoasMap.WRITEABLE)) == 0) {
            throw new HostException(EINVAL, "neither readable nor writable");
        }
    }

    private static void requireRange(long iova, long length) {
        if (iova == -1 || length == -1) {
            throw new HostException(EOVERFLOW, "IOVA 0x" + Long.toHexString(iova) + " + " + length);
        }
        if (length == 0) {
            throw new HostException(EINVAL, "no length");
        }
    }

    /// @throws HostException EOVERFLOW if the range goes beyond the last address
    private static void requireNoWrap(long iova, long length) {
        if (Long.compareUnsigned(iova + length - 1, iova) < 0) {
            throw new HostException(EOVERFLOW, "IOVA 0x" + Long.toHexString(iova) + " + " + length);
        }
    }

    private static boolean has(int flags, int flag) {
        return (flags & flag) != 0;
    }

    private static Long map(Iommufd context, Process caller, IoasMap request) {
        requireFlags(request.flags());
        requireRange(request.iova(), request.length());
        requireNoWrap(request.userVa(), request.length());
        synchronized (context.lock) {
            return mapMemory(
                    context,
                    caller,
                    context.objects.get(request.ioasId(), Ioas.class),
                    request.flags(),
                    request.userVa(),
                    request.length(),
                    request.iova());
        }
    }

    /// Maps memory of a process; the lock is held.
    static long mapMemory(Iommufd context, Process caller, Ioas ioas, int flags, long address, long length, long iova) {
        if (length < 0) {
            throw new HostException(EINVAL, "no process has " + Long.toUnsignedString(length) + " bytes");
        }
        context.steps().pass("iommufd.ioas_map.pages");
        var pages = PageObject.ofMemory(
                context.frames(), caller.memory(), address, has(flags, IoasMap.WRITEABLE), context.payer(caller));
        return put(ioas, pages, address & PAGE - 1, length, flags, iova);
    }

    private static Long mapFile(Iommufd context, Process caller, IoasMapFile request) {
        requireFlags(request.flags());
        requireRange(request.iova(), request.length());
        var file = caller.hold(request.fd());
        try {
            synchronized (context.lock) {
                var ioas = context.objects.get(request.ioasId(), Ioas.class);
                var pages = pagesOf(context, caller, file, request);
                return put(ioas, pages, request.start() & PAGE - 1, request.length(), request.flags(), request.iova());
            }
        } finally {
            file.drop();
        }
    }

    private static PageObject pagesOf(Iommufd context, Process caller, OpenFile file, IoasMapFile request) {
        boolean writable = has(request.flags(), IoasMap.WRITEABLE);
        switch (file) {
            case MemFileHandle handle -> {
                requireInside(request, handle.memory().size());
                context.steps().pass("iommufd.ioas_map.pages");
                return PageObject.ofFile(
                        context.frames(), handle.memory(), request.start(), writable, context.payer(caller));
            }
            case DmaBuf buffer -> {
                requireInside(request, buffer.memory().length());
                context.steps().pass("iommufd.ioas_map.pages");
                return PageObject.ofDevice(context.frames(), buffer.enter(context), request.start(), writable);
            }
            default -> throw new HostException(EINVAL, "descriptor " + request.fd() + " is no memory");
        }
    }

    private static void requireInside(IoasMapFile request, long size) {
        if (request.start() < 0 || request.length() < 0 || request.start() > size - request.length()) {
            throw new HostException(EINVAL, "beyond the end of the file");
        }
    }

    private static long put(Ioas ioas, PageObject pages, long start, long length, int flags, long iova) {
        return ioas.space.map(
                pages,
                start,
                length,
                has(flags, IoasMap.READABLE),
                has(flags, IoasMap.WRITEABLE),
                has(flags, IoasMap.FIXED_IOVA),
                iova);
    }

    private static Long copy(Iommufd context, Process caller, IoasCopy request) {
        requireFlags(request.flags());
        requireRange(request.dstIova(), request.length());
        requireRange(request.srcIova(), request.length());
        requireNoWrap(request.srcIova(), request.length());
        synchronized (context.lock) {
            var from = context.objects.get(request.srcIoasId(), Ioas.class);
            var parts = from.space.parts(request.srcIova(), request.srcIova() + request.length() - 1);
            return context.objects
                    .get(request.dstIoasId(), Ioas.class)
                    .space
                    .map(
                            parts,
                            has(request.flags(), IoasMap.READABLE),
                            has(request.flags(), IoasMap.WRITEABLE),
                            has(request.flags(), IoasMap.FIXED_IOVA),
                            request.dstIova());
        }
    }

    // ---- unmap

    private static Long unmap(Iommufd context, Process caller, IoasUnmap request) {
        if (request.iova() == 0 && request.length() == -1) {
            return unmap(context, request.ioasId(), 0, -1);
        }
        requireRange(request.iova(), request.length());
        requireNoWrap(request.iova(), request.length());
        long bytes = unmap(context, request.ioasId(), request.iova(), request.iova() + request.length() - 1);
        if (bytes == 0) {
            throw new HostException(ENOENT, "nothing at IOVA 0x" + Long.toHexString(request.iova()));
        }
        return bytes;
    }

    /// Unmaps whole areas. Accesses that have pinned some of them are made to let go, without the lock.
    ///
    /// @return bytes that were unmapped
    /// @throws HostException EDEADLOCK if they keep pinning
    static long unmap(Iommufd context, int ioasId, long first, long last) {
        return unmap(context, ioasId, first, last, (iova, count) -> {});
    }

    /// As [#unmap].
    ///
    /// @param changed is told which of the pages accesses may have changed, if that is noted
    static long unmap(Iommufd context, int ioasId, long first, long last, Iommufd.PageSink changed) {
        var unmapping = new Unmapping(first, last);
        Ioas ioas;
        Area pinned;
        List<IommufdAccess> asked;
        synchronized (context.lock) {
            ioas = context.objects.get(ioasId, Ioas.class);
            pinned = ioas.space.unmap(unmapping);
            if (pinned == null) {
                ioas.takeAccessed(first, last, changed);
                return unmapping.bytes();
            }
            ioas.visits++;
            asked = IommufdAccess.visit(ioas.accesses);
        }
        for (int rounds = 1; ; rounds++) {
            for (var access : asked) {
                access.tellUnmapped(pinned.first(), pinned.length());
            }
            synchronized (context.lock) {
                IommufdAccess.leave(context, asked);
                if (rounds == MOST_ROUNDS) {
                    ioas.visits--;
                    ioas.space.reopen(pinned);
                    throw new HostException(EDEADLOCK, pinned + " is still pinned");
                }
                pinned = next(ioas, unmapping);
                if (pinned == null) {
                    ioas.takeAccessed(first, last, changed);
                    return unmapping.bytes();
                }
                asked = IommufdAccess.visit(ioas.accesses);
            }
        }
    }

    private static @Nullable Area next(Ioas ioas, Unmapping unmapping) {
        Area pinned = null;
        try {
            pinned = ioas.space.unmap(unmapping);
            return pinned;
        } finally {
            if (pinned == null) {
                ioas.visits--;
            }
        }
    }
}
