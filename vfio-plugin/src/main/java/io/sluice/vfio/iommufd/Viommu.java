package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EEXIST;
import static io.sluice.vfio.host.Errno.EINVAL;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.host.iommu.IommuUnit;
import io.sluice.vfio.host.memory.HostFrames;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// A share of a physical IOMMU, as one guest's driver sees it.
final class Viommu extends IommuObject implements ViommuDriver.Host {
    private final Iommufd context;
    private final IommuUnit unit;
    private final HwptPaging parent;
    private final List<MmapRegions.Region> regions = new ArrayList<>();
    private final Map<Long, Vdevice> devices = new ConcurrentHashMap<>();
    private final Map<Integer, Veventq> events = new ConcurrentHashMap<>();
    final Map<Integer, HwQueue> queues = new java.util.TreeMap<>();
    private ViommuDriver.@Nullable Port port;

    private Viommu(Iommufd context, IommuUnit unit, HwptPaging parent) {
        this.context = context;
        this.unit = unit;
        this.parent = parent;
    }

    static Viommu create(
            Iommufd context, ViommuDriver driver, IommuUnit unit, HwptPaging parent, @Nullable Object data) {
        int id = context.objects.reserve();
        var viommu = new Viommu(context, unit, parent);
        try {
            context.steps().pass("iommufd.viommu.object");
            viommu.port = driver.create(unit, parent.pagingDomain(), viommu, data);
            parent.users++;
            context.objects.publish(id, viommu);
            return viommu;
        } catch (HostException e) {
            viommu.withdraw();
            context.objects.abandon(id);
            throw e;
        }
    }

    ViommuDriver.Port port() {
        return java.util.Objects.requireNonNull(port);
    }

    HwptPaging parent() {
        return parent;
    }

    /// @throws HostException EINVAL if a device is behind another IOMMU
    void requireBehind(IommufdDevice device) {
        if (!device.iommu().unit().equals(unit)) {
            throw new HostException(EINVAL, device + " is not behind " + unit);
        }
    }

    // ---- devices

    /// @throws HostException EEXIST if the guest calls another device so
    Vdevice plug(IommufdDevice device, long virtId) {
        if (devices.containsKey(virtId)) {
            throw new HostException(EEXIST, "virtual device 0x" + Long.toHexString(virtId));
        }
        int id = context.objects.reserve();
        try {
            context.steps().pass("iommufd.vdevice.object");
            port().plugged(device.iommu(), virtId);
        } catch (HostException e) {
            context.objects.abandon(id);
            throw e;
        }
        var vdevice = new Vdevice(this, device, virtId);
        devices.put(virtId, vdevice);
        context.objects.publish(id, vdevice);
        return vdevice;
    }

    void unplug(Vdevice vdevice) {
        devices.remove(vdevice.virtId());
        port().unplugged(vdevice.device().iommu(), vdevice.virtId());
    }

    @Override
    public long virtIdOf(IommuDevice device) {
        return devices.values().stream()
                .filter(vdevice -> vdevice.device().iommu().equals(device))
                .mapToLong(Vdevice::virtId)
                .findFirst()
                .orElse(-1);
    }

    // ---- events

    /// @throws HostException EEXIST if there is a queue of that type
    Veventq claimEvents(int type, int depth) {
        if (events.containsKey(type)) {
            throw new HostException(EEXIST, "a queue of events of type " + type);
        }
        var queue = new Veventq(this, type, depth);
        events.put(type, queue);
        users++;
        return queue;
    }

    void releaseEvents(int type) {
        events.remove(type);
        users--;
    }

    @Override
    public void event(int type, byte[] payload) {
        var queue = events.get(type);
        if (queue != null) {
            queue.put(payload);
        }
    }

    // ---- memory for user space

    @Override
    public long offer(HostFrames.Run memory) {
        var region = context.regions.add(this, memory);
        regions.add(region);
        return region.offset();
    }

    private void withdraw() {
        regions.forEach(context.regions::remove);
    }

    // ---- life

    @Override
    void destroyed() {
        withdraw();
        port().closed();
        parent.users--;
    }

    @Override
    String kind() {
        return "VIOMMU";
    }
}
