package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EEXIST;
import static io.sluice.vfio.host.Errno.EFAULT;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.EIO;
import static io.sluice.vfio.host.Errno.EOVERFLOW;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.memory.HostFrames;
import java.util.ArrayList;
import java.util.List;

/// A queue of the hardware that a guest uses by itself. Its memory is pinned, and cannot be unmapped while it is there.
/// Queues of a VIOMMU are made from the first on and go from the last on.
final class HwQueue extends IommuObject {
    private static final long PAGE = 4096;

    private final Viommu viommu;
    private final int type;
    private final int index;
    private final Ioas ioas;
    private final long first;
    private final long last;

    private HwQueue(Viommu viommu, int type, int index, long first, long last) {
        this.viommu = viommu;
        this.type = type;
        this.index = index;
        this.ioas = viommu.parent().ioas;
        this.first = first;
        this.last = last;
    }

    static HwQueue create(Iommufd context, Viommu viommu, HwQueueAlloc request) {
        int count = viommu.port().queues(request.type());
        if (request.type() == HwQueueAlloc.TYPE_DEFAULT || count == 0) {
            throw ViommuRequests.unsupported("queues of type " + request.type());
        }
        if (request.length() == 0 || request.index() < 0 || request.index() >= count) {
            throw new HostException(EINVAL, "queue " + request.index() + " of " + request.length() + " bytes");
        }
        long end = request.iova() + request.length() - 1;
        if (Long.compareUnsigned(end, request.iova()) < 0) {
            throw new HostException(EOVERFLOW, "a queue at IOVA 0x" + Long.toHexString(request.iova()));
        }
        if (viommu.queues.containsKey(request.index())) {
            throw new HostException(EEXIST, "queue " + request.index());
        }
        if (request.index() > 0 && !viommu.queues.containsKey(request.index() - 1)) {
            throw new HostException(EIO, "queue " + request.index() + " before the one below it");
        }
        int id = context.objects.reserve();
        try {
            context.steps().pass("iommufd.hw_queue.object");
            var queue = new HwQueue(viommu, request.type(), request.index(), request.iova() & -PAGE, end | PAGE - 1);
            queue.open(request.iova() & PAGE - 1, request.length());
            context.objects.publish(id, queue);
            return queue;
        } catch (HostException e) {
            context.objects.abandon(id);
            throw e;
        }
    }

    private void open(long offset, long length) {
        ioas.space.addPinUser();
        List<HostFrames.Run> runs = new ArrayList<>();
        try {
            ioas.pins.pin(first, last, false, (frame, bytes) -> add(runs, frame, bytes));
        } catch (HostException e) {
            ioas.space.removePinUser();
            throw e;
        }
        try {
            if (runs.size() != 1) {
                throw new HostException(EFAULT, "a queue in " + runs.size() + " pieces");
            }
            viommu.port().openQueue(type, index, runs.getFirst().part(offset, length));
        } catch (HostException e) {
            ioas.pins.unpin(first, last);
            ioas.space.removePinUser();
            throw e;
        }
        ioas.pins.lock(first, last);
        ioas.users++;
        viommu.users++;
        viommu.queues.put(index, this);
        var below = viommu.queues.get(index - 1);
        if (below != null) {
            below.users++;
        }
    }

    /// Frames that follow one another are one run, also across areas.
    private static void add(List<HostFrames.Run> runs, long frame, long bytes) {
        if (!runs.isEmpty()) {
            var before = runs.getLast();
            if (before.first() + before.length() == frame) {
                runs.set(runs.size() - 1, new HostFrames.Run(before.first(), before.length() + bytes));
                return;
            }
        }
        runs.add(new HostFrames.Run(frame, bytes));
    }

    @Override
    void destroyed() {
        viommu.port().closeQueue(type, index);
        var below = viommu.queues.get(index - 1);
        if (below != null) {
            below.users--;
        }
        viommu.queues.remove(index);
        viommu.users--;
        ioas.pins.unlock(first, last);
        ioas.pins.unpin(first, last);
        ioas.space.removePinUser();
        ioas.users--;
    }

    @Override
    String kind() {
        return "hardware queue";
    }
}
