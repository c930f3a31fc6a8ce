package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vfio.host.process.Kernel;
import io.sluice.vfio.iommufd.IommuNode;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.loop.Strand;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The vfio of one simulated host: its devices, their groups, and their files below `/dev/vfio`. Any thread.
public final class VfioHost {
    /// Before the number of a device.
    public static final String DEVICES = "/dev/vfio/devices/vfio";

    public static final String CONTAINER = "/dev/vfio/vfio";

    /// Before the number of a group.
    public static final String GROUPS = "/dev/vfio/";

    /// Groups of devices that have no IOMMU behind them are counted from here.
    private static final int FIRST_EMULATED = 1 << 16;

    private final Kernel kernel;
    private final IommuBinder binder;
    private final List<@Nullable VfioNode> nodes = new ArrayList<>();
    private final Map<IommuGroup, VfioGroup> groups = new HashMap<>();
    private int emulated = FIRST_EMULATED;

    public VfioHost(Kernel kernel, IommuBinder binder) {
        this.kernel = kernel;
        this.binder = binder;
    }

    public Kernel kernel() {
        return kernel;
    }

    IommuBinder binder() {
        return binder;
    }

    /// Makes containers possible (`/dev/vfio/vfio`).
    public void addContainers(IommuNode iommu) {
        kernel.addNode(CONTAINER, caller -> new ContainerFile(iommu, binder, kernel.steps()));
    }

    /// Takes over a device from its driver. It has a file when this returns, and not before it is whole.
    ///
    /// @param name as users ask a group for it
    /// @param set the devices that are reset with it
    /// @throws HostException EEXIST if one has the name
    public VfioNode register(String name, VfioDeviceOps ops, Strand strand, DeviceSet set) {
        return register(name, new VfioDevice(ops, strand), set);
    }

    /// As [#register], for a device that is made already.
    public VfioNode register(String name, VfioDevice device, DeviceSet set) {
        kernel.steps().pass("vfio.register.node");
        VfioNode node;
        synchronized (this) {
            if (find(name) != null) {
                throw new HostException(Errno.EEXIST, name);
            }
            node = new VfioNode(this, name, freeNumber(), device, set, group(device.ops()));
            nodes.set(node.number(), node);
            node.group().add(node);
        }
        kernel.addNode(node.path(), caller -> new VfioDeviceFile(node, null));
        return node;
    }

    private int freeNumber() {
        int number = nodes.indexOf(null);
        if (number >= 0) {
            return number;
        }
        nodes.add(null);
        return nodes.size() - 1;
    }

    private VfioGroup group(VfioDeviceOps ops) {
        var iommu = ops.iommu();
        if (iommu == null) {
            return newGroup(emulated++, null);
        }
        return groups.computeIfAbsent(iommu.group(), real -> newGroup(real.id(), real));
    }

    private VfioGroup newGroup(int id, @Nullable IommuGroup real) {
        var group = new VfioGroup(this, id, real);
        kernel.addNode(group.path(), caller -> group.open());
        return group;
    }

    /// The device has no file any more, and its group none with its last device.
    void remove(VfioNode node) {
        kernel.removeNode(node.path());
        synchronized (this) {
            nodes.set(node.number(), null);
            var group = node.group();
            if (group.remove(node)) {
                kernel.removeNode(group.path());
                groups.values().remove(group);
            }
        }
    }

    /// The device of that name; null if there is none.
    public synchronized @Nullable VfioNode find(String name) {
        for (var node : nodes) {
            if (node != null && node.name().equals(name)) {
                return node;
            }
        }
        return null;
    }

    /// The device of a requester id; null if vfio has none.
    synchronized @Nullable VfioNode find(Bdf bdf) {
        for (var node : nodes) {
            var iommu = node == null ? null : node.iommu();
            if (iommu != null && iommu.requester().equals(bdf)) {
                return node;
            }
        }
        return null;
    }

    /// All devices.
    public synchronized List<VfioNode> nodes() {
        var all = new ArrayList<VfioNode>();
        for (var node : nodes) {
            if (node != null) {
                all.add(node);
            }
        }
        return all;
    }
}
