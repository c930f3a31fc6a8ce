package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.iommu.DeviceTraits;
import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vfio.host.iommu.IommuUnit;
import io.sluice.vfio.host.iommu.PagingDomain;
import io.sluice.vfio.host.iommu.UnitSettings;
import io.sluice.vfio.host.memory.MemFile;
import io.sluice.vfio.host.process.Kernel;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.Request;
import io.sluice.vfio.iommufd.IommuNode;
import io.sluice.vfio.iommufd.VfioSetIommu;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.testkit.DirectLoop;
import io.sluice.vmm.trace.Trace;
import java.util.List;
import java.util.Set;

/// A host with `/dev/iommu`, containers, and devices behind a VT-d unit.
final class ContainerRig implements AutoCloseable {
    static final long PAGE = 4096;

    final Steps steps = new Steps();
    final Kernel kernel = new Kernel(steps, Trace.none());
    final IommuNode node = new IommuNode(kernel);
    final IommuUnit unit = new IommuUnit(UnitSettings.vtd("dmar0"), kernel.frames(), steps);
    final VfioHost host = new VfioHost(kernel, new IommufdBinder());
    final DirectLoop loop = new DirectLoop();
    final Process process = kernel.start("vmm", 1000, Set.of(), 4L << 30);

    ContainerRig() {
        host.addContainers(node);
    }

    /// A device in a group of its own.
    VfioNode device(String name) {
        var device = new TestDevice();
        device.iommu = unit.add(
                Bdf.parse(name),
                List.of(),
                new IommuGroup(Bdf.parse(name).bits()),
                new DeviceTraits(20, true, false, false, true, List.of()));
        device.pasids = true;
        return host.register(name, device, loop.strand(), DeviceSet.alone());
    }

    VfioNode emulated(String name) {
        return host.register(name, new TestDevice(), loop.strand(), DeviceSet.alone());
    }

    static IommuDevice iommu(VfioNode node) {
        var iommu = node.iommu();
        if (iommu == null) {
            throw new IllegalStateException(node + " is emulated");
        }
        return iommu;
    }

    /// What the device's requests without a PASID go by.
    static PagingDomain domain(VfioNode node) {
        return (PagingDomain) iommu(node).group().domain(0);
    }

    /// A container with the node's group in it, and an IOMMU.
    int container(VfioNode node, int type) {
        int container = process.open(VfioHost.CONTAINER);
        int group = process.open(node.group().path());
        process.ioctl(group, new GroupRequests.SetContainer(container));
        process.ioctl(container, new VfioSetIommu(type));
        return container;
    }

    /// Memory of the process, from a file.
    long memory(long bytes) {
        var file = MemFile.create(kernel.frames(), bytes);
        long at = process.memory().map(file, 0, bytes, true, true);
        file.release();
        return at;
    }

    <R> R ask(int fd, Request<R> request) {
        return process.ioctl(fd, request);
    }

    @Override
    public void close() {
        kernel.close();
    }
}
