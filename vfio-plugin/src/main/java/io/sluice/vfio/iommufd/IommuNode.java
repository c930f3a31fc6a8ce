package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.iommu.IommuUnit;
import io.sluice.vfio.host.process.Kernel;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// `/dev/iommu` of one simulated host. Any thread.
public final class IommuNode {
    private record DriverKey(IommuUnit unit, int type) {}

    private final Kernel kernel;
    private final Map<DriverKey, ViommuDriver> drivers = new ConcurrentHashMap<>();
    private volatile boolean unsafeInterrupts;

    /// Puts the node into the host.
    public IommuNode(Kernel kernel) {
        this.kernel = kernel;
        kernel.addNode("/dev/iommu", caller -> open());
    }

    Kernel kernel() {
        return kernel;
    }

    /// Opens it. The caller drops the file, or installs it.
    public Iommufd open() {
        kernel.steps().pass("iommufd.open.context");
        return new Iommufd(this, false);
    }

    /// Opens it the way that `/dev/vfio/vfio` does where it stands for a container: locked memory is charged to
    /// processes.
    public Iommufd openAsContainer() {
        kernel.steps().pass("iommufd.open.context");
        return new Iommufd(this, true);
    }

    /// Lets devices be bound whose IOMMU does not keep their interrupts apart.
    public void allowUnsafeInterrupts(boolean allow) {
        unsafeInterrupts = allow;
    }

    boolean allowsUnsafeInterrupts() {
        return unsafeInterrupts;
    }

    /// Makes VIOMMUs of a type possible on a unit.
    public void addViommuDriver(IommuUnit unit, int type, ViommuDriver driver) {
        drivers.put(new DriverKey(unit, type), driver);
    }

    ViommuDriver viommuDriver(IommuUnit unit, int type) {
        var driver = drivers.get(new DriverKey(unit, type));
        if (type == ViommuAlloc.TYPE_DEFAULT || driver == null) {
            throw new HostException(Errno.EOPNOTSUPP, unit + " has no virtual IOMMU of type " + type);
        }
        return driver;
    }
}
