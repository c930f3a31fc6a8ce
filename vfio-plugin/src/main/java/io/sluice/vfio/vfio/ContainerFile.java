package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.process.Nothing;
import io.sluice.vfio.host.process.OpenFile;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.RequestTable;
import io.sluice.vfio.iommufd.IommuNode;
import io.sluice.vfio.iommufd.Iommufd;
import io.sluice.vfio.iommufd.VfioCheckExtension;
import io.sluice.vfio.iommufd.VfioGetApiVersion;
import io.sluice.vfio.iommufd.VfioIommuGetInfo;
import io.sluice.vfio.iommufd.VfioIommuMapDma;
import io.sluice.vfio.iommufd.VfioIommuUnmapDma;
import io.sluice.vfio.iommufd.VfioSetIommu;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A container (`/dev/vfio/vfio`) with an IOMMU of type 1: an address space that groups share. Behind it stands an
/// iommufd of its own, from the first group to the last. Any thread; its lock is never held while mdevs are asked for
/// what they have pinned.
final class ContainerFile extends OpenFile implements GroupContainer {
    private static final RequestTable<ContainerFile> REQUESTS = RequestTable.of("vfio-container", ContainerFile.class)
            .on("VFIO_GET_API_VERSION", VfioGetApiVersion.class, (file, caller, request) -> 0)
            .on("VFIO_CHECK_EXTENSION", VfioCheckExtension.class, ContainerFile::extension)
            .on("VFIO_SET_IOMMU", VfioSetIommu.class, ContainerFile::setIommu)
            .on("VFIO_IOMMU_GET_INFO", VfioIommuGetInfo.class, ContainerFile::info)
            .on("VFIO_IOMMU_MAP_DMA", VfioIommuMapDma.class, ContainerFile::map)
            .on("VFIO_IOMMU_UNMAP_DMA", VfioIommuUnmapDma.class, ContainerFile::unmap)
            .on(
                    "VFIO_IOMMU_DIRTY_PAGES",
                    ContainerRequests.DirtyPages.class,
                    (file, caller, request) -> file.dirtyPages(request));

    private final IommuNode iommu;
    private final IommuBinder binder;
    /// The devices of each group, each bound; none for a group of emulated devices.
    private final Map<VfioGroup, Map<VfioNode, IommuBinding>> groups = new LinkedHashMap<>();

    private final Steps steps;
    private final ContainerMappings mappings;
    private @Nullable Iommufd context;
    private int ioas;
    private int type;
    private boolean tracks;

    ContainerFile(IommuNode iommu, IommuBinder binder, Steps steps) {
        this.iommu = iommu;
        this.binder = binder;
        this.steps = steps;
        this.mappings = new ContainerMappings(steps);
    }

    @Override
    public RequestTable<?> requests() {
        return REQUESTS;
    }

    /// No group is in it any more, for each holds it.
    @Override
    protected void released() {}

    // ---- groups

    @Override
    public synchronized void join(VfioGroup group) {
        var bound = new IdentityHashMap<VfioNode, IommuBinding>();
        try {
            if (context == null) {
                context = iommu.openAsContainer();
                ioas = context.compatIoas();
            }
            for (var node : group.isEmulated() ? List.<VfioNode>of() : group.members()) {
                var binding = binder.bind(context, node);
                bound.put(node, binding);
                if (type != 0) {
                    binding.attach(0, ioas, false);
                }
            }
            steps.pass("vfio.container.group");
        } catch (HostException e) {
            bound.values().forEach(IommuBinding::unbind);
            closeIfEmpty();
            throw e;
        }
        groups.put(group, bound);
    }

    /// With the last group goes everything that is mapped. What one may have written that does not say so counts as
    /// written once more.
    @Override
    public synchronized void leave(VfioGroup group) {
        var bound = groups.remove(group);
        if (bound != null) {
            bound.values().forEach(IommuBinding::unbind);
            if (tracks && !group.isEmulated()) {
                mappings.allDirty(true);
            }
        }
        closeIfEmpty();
    }

    private void closeIfEmpty() {
        if (groups.isEmpty() && context != null) {
            context.drop();
            context = null;
            type = 0;
            tracks = false;
            mappings.takeAll();
        }
    }

    @Override
    public synchronized boolean isReady() {
        return type != 0;
    }

    /// A device that came into its group later is bound by itself, as an emulated one is.
    @Override
    public @Nullable IommuBinding bind(VfioNode node) {
        Iommufd into;
        synchronized (this) {
            var bound = groups.get(node.group());
            if (bound == null || bound.containsKey(node)) {
                return null;
            }
            into = required();
        }
        return binder.bind(into, node);
    }

    @Override
    public void hold(boolean on) {
        if (on) {
            retain();
        } else {
            drop();
        }
    }

    private Iommufd required() {
        if (context == null || type == 0) {
            throw refuse(Errno.EINVAL, "the container has no IOMMU");
        }
        return context;
    }

    private boolean hasEmulated() {
        return groups.keySet().stream().anyMatch(VfioGroup::isEmulated);
    }

    // ---- requests

    private synchronized Integer extension(Process caller, VfioCheckExtension request) {
        return switch (request.extension()) {
            case VfioCheckExtension.TYPE1, VfioCheckExtension.TYPE1_V2, VfioCheckExtension.UNMAP_ALL -> 1;
            case VfioCheckExtension.DMA_CC -> context == null || type == 0 ? 0 : context.forward(caller, request);
            default -> 0;
        };
    }

    private synchronized Nothing setIommu(Process caller, VfioSetIommu request) {
        if (context == null || type != 0) {
            throw refuse(Errno.EINVAL, "the container has no group, or an IOMMU");
        }
        if (request.type() != VfioCheckExtension.TYPE1 && request.type() != VfioCheckExtension.TYPE1_V2) {
            throw refuse(Errno.ENODEV, "no IOMMU of type " + request.type());
        }
        var attached = new ArrayList<IommuBinding>();
        try {
            for (var group : groups.values()) {
                for (var binding : group.values()) {
                    binding.attach(0, ioas, false);
                    attached.add(binding);
                }
            }
        } catch (HostException e) {
            attached.forEach(binding -> binding.detach(0));
            throw e;
        }
        type = request.type();
        return Nothing.DONE;
    }

    private VfioIommuGetInfo.Answer info(Process caller, VfioIommuGetInfo request) {
        Iommufd context;
        int left;
        synchronized (this) {
            context = required();
            left = mappings.left();
        }
        var answer = context.forward(caller, request);
        return new VfioIommuGetInfo.Answer(answer.pageSizes(), answer.ranges(), left);
    }

    private Nothing map(Process caller, VfioIommuMapDma request) {
        Iommufd context;
        ContainerMappings.Mapping added;
        synchronized (this) {
            context = required();
            requireNoVaddr(request.flags() & VfioIommuMapDma.VADDR);
            if (Long.compareUnsigned(request.vaddr() + request.size() - 1, request.vaddr()) < 0
                    && request.size() != 0) {
                throw refuse(Errno.EOVERFLOW, "beyond the last address");
            }
            if ((request.vaddr() & ContainerRequests.DIRTY_PAGE_SIZES - 1) != 0) {
                throw refuse(Errno.EINVAL, "parts of pages");
            }
            added = mappings.add(request.iova(), request.size());
        }
        try {
            return context.forward(caller, request);
        } catch (HostException e) {
            synchronized (this) {
                mappings.remove(added);
            }
            throw e;
        }
    }

    /// Addresses of processes are never changed under a mapping: what waits for that may wait for ever.
    private void requireNoVaddr(int flag) {
        if (flag != 0) {
            throw refuse(hasEmulated() ? Errno.EBUSY : Errno.EINVAL, "addresses of processes are not changed");
        }
    }

    private Long unmap(Process caller, VfioIommuUnmapDma request) {
        boolean tells = (request.flags() & VfioIommuUnmapDma.GET_DIRTY_BITMAP) != 0;
        Iommufd context;
        List<ContainerMappings.Mapping> taken;
        boolean silent;
        @Nullable DirtyBitmap bitmap;
        synchronized (this) {
            context = required();
            if (tells && request.flags() != VfioIommuUnmapDma.GET_DIRTY_BITMAP) {
                throw refuse(Errno.EINVAL, "flags " + request.flags());
            }
            requireNoVaddr(request.flags() & VfioIommuUnmapDma.VADDR);
            bitmap = tells ? bitmap(request.iova(), request.size(), request.pageSize(), request.bitmap()) : null;
            taken = take(request);
            silent = hasSilent();
        }
        long bytes = 0;
        for (int i = 0; i < taken.size(); i++) {
            var mapping = taken.get(i);
            try {
                bytes += unmap(context, mapping, bitmap);
            } catch (HostException e) {
                synchronized (this) {
                    mappings.putBack(taken.subList(i, taken.size()));
                }
                throw e;
            }
            if (bitmap != null && (silent || mapping.isDirty())) {
                bitmap.mark(mapping.first(), mapping.size() / ContainerRequests.DIRTY_PAGE_SIZES);
            }
        }
        return bytes;
    }

    private static long unmap(Iommufd context, ContainerMappings.Mapping mapping, @Nullable DirtyBitmap bitmap) {
        Iommufd.PageSink sink = bitmap == null ? (iova, count) -> {} : bitmap::mark;
        return context.unmapAccessed(mapping.first(), mapping.last(), sink);
    }

    private List<ContainerMappings.Mapping> take(VfioIommuUnmapDma request) {
        if (request.flags() == VfioIommuUnmapDma.ALL) {
            if (request.iova() != 0 || request.size() != 0) {
                throw refuse(Errno.EINVAL, "all, and a range");
            }
            return mappings.takeAll();
        }
        if ((request.flags() & ~VfioIommuUnmapDma.GET_DIRTY_BITMAP) != 0) {
            throw refuse(Errno.EINVAL, "flags " + request.flags());
        }
        return mappings.take(request.iova(), request.size(), type == VfioCheckExtension.TYPE1_V2);
    }

    // ---- dirty pages

    /// Whether there is a group whose devices write by the IOMMU, which notes nothing: then all that is mapped counts
    /// as
    /// written. Emulated devices write by accesses alone, which are noted.
    private boolean hasSilent() {
        return groups.keySet().stream().anyMatch(group -> !group.isEmulated());
    }

    private DirtyBitmap bitmap(long iova, long size, long pageSize, long[] bits) {
        var bitmap = new DirtyBitmap(iova, size, pageSize, bits);
        if (!tracks) {
            throw refuse(Errno.EINVAL, "dirty pages are not noted");
        }
        return bitmap;
    }

    private synchronized Long dirtyPages(ContainerRequests.DirtyPages request) {
        var context = required();
        if (type != VfioCheckExtension.TYPE1_V2) {
            throw refuse(Errno.EACCES, "dirty pages are version 2's");
        }
        switch (request.flags()) {
            case ContainerRequests.DIRTY_START -> {
                if (!tracks) {
                    steps.pass("vfio.container.notes");
                    context.noteAccesses(true);
                    tracks = true;
                }
            }
            case ContainerRequests.DIRTY_STOP -> {
                context.noteAccesses(false);
                mappings.allDirty(false);
                tracks = false;
            }
            case ContainerRequests.DIRTY_GET_BITMAP -> {
                return report(context, bitmap(request.iova(), request.size(), request.pageSize(), request.bitmap()));
            }
            default -> throw refuse(Errno.EINVAL, "flags " + request.flags());
        }
        return 0L;
    }

    private long report(Iommufd context, DirtyBitmap bitmap) {
        boolean silent = hasSilent();
        for (var mapping : mappings.whole(bitmap.first(), bitmap.last())) {
            if (silent || mapping.isDirty()) {
                bitmap.mark(mapping.first(), mapping.size() / ContainerRequests.DIRTY_PAGE_SIZES);
            }
            mapping.dirty(false);
            context.takeAccessed(mapping.first(), mapping.last(), bitmap::mark);
        }
        return bitmap.count();
    }
}
