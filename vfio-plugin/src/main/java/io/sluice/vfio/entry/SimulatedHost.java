package io.sluice.vfio.entry;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vfio.host.models.HostModels;
import io.sluice.vfio.host.pci.HostConfig;
import io.sluice.vfio.host.pci.HostFunction;
import io.sluice.vfio.host.pci.HostPci;
import io.sluice.vfio.host.process.Kernel;
import io.sluice.vfio.iommufd.IommuNode;
import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.mdev.MdevDriver;
import io.sluice.vfio.vfio.IommufdBinder;
import io.sluice.vfio.vfio.VfioHost;
import io.sluice.vfio.vfio.VfioNode;
import io.sluice.vfio.vfio.pci.VfioPciDriver;
import io.sluice.vmm.plugin.DeviceContext;
import io.sluice.vmm.trace.Trace;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// The host that one machine stands on, or several in this process do: a kernel with its processes, `/dev/iommu`, vfio,
/// the mdev bus with every driver that is to be found, and PCI functions if somebody describes any. Any thread that is
/// in no strand.
public final class SimulatedHost {
    private final Kernel kernel;
    private final VfioHost vfio;
    private final MdevBus mdevs;
    private final AtomicInteger groups = new AtomicInteger();
    private @Nullable Hierarchy hierarchy;

    /// What a description has made.
    private record Hierarchy(HostPci pci, VfioPciDriver driver) {}

    /// @param trace is told each request to a file of the host
    public SimulatedHost(Trace trace) {
        kernel = new Kernel(new Steps(), trace);
        var iommu = new IommuNode(kernel);
        vfio = new VfioHost(kernel, new IommufdBinder());
        vfio.addContainers(iommu);
        mdevs = new MdevBus(vfio);
        ServiceLoader.load(MdevDriver.class).forEach(mdevs::register);
    }

    public Kernel kernel() {
        return kernel;
    }

    public MdevBus mdevs() {
        return mdevs;
    }

    // ---- PCI functions

    /// Builds the PCI functions. Virtual ones are enabled, all that there can be.
    ///
    /// @param context of the machine whose loops and drives the devices have
    /// @throws HostException EBUSY if there are some
    synchronized void build(HostConfig config, DeviceContext context) {
        if (hierarchy != null) {
            throw new HostException(Errno.EBUSY, "the host has its functions");
        }
        var ground = new HostPci.Ground(
                kernel.frames(),
                kernel.steps(),
                context::newStrand,
                new HostModels(context.drives()::find),
                () -> new IommuGroup(groups.getAndIncrement()),
                context.trace());
        var pci = new HostPci(config, ground);
        pci.units().forEach(unit -> unit.traceTo(context.trace()));
        boolean built = false;
        try {
            hierarchy = new Hierarchy(pci, bind(pci));
            built = true;
        } finally {
            if (!built) {
                pci.close();
            }
        }
    }

    /// Brings in the drivers, and has virtual functions enabled.
    private VfioPciDriver bind(HostPci pci) {
        var driver = new VfioPciDriver(pci, vfio);
        pci.drivers().register(driver, List.of());
        pci.drivers().register(new PfStub(), List.of());
        for (var function : pci.functions()) {
            if (function.totalVfs() > 0) {
                pci.drivers().override(function, PfStub.NAME);
                pci.drivers().bind(function, PfStub.NAME);
                pci.setNumVfs(function, function.totalVfs());
            }
        }
        return driver;
    }

    /// Takes the PCI functions away.
    synchronized void demolish() {
        if (hierarchy != null) {
            hierarchy.pci.close();
            hierarchy = null;
        }
    }

    /// Whether a user has one of the PCI functions.
    synchronized boolean isInUse() {
        var here = hierarchy;
        return here != null
                && here.pci.functions().stream().anyMatch(function -> {
                    var node = here.driver.node(function);
                    return node != null && node.isInUse();
                });
    }

    /// All PCI functions, in the order of their addresses.
    public synchronized List<HostFunction> functions() {
        return hierarchy == null ? List.of() : hierarchy.pci.functions();
    }

    /// Gives a function to the driver vfio-pci, unless it has it.
    ///
    /// @param name its address, or its name in the description
    /// @return what vfio has of it; null if there is no such function
    /// @throws HostException EBUSY if another driver has it, or a virtual function of it is in use; EINVAL for a bridge
    synchronized @Nullable VfioNode claim(String name) {
        var here = hierarchy;
        var function = here == null ? null : here.pci.find(name);
        if (here == null || function == null) {
            return null;
        }
        if (here.driver.node(function) == null) {
            release(here, function);
            here.pci.drivers().override(function, VfioPciDriver.NAME);
            here.pci.drivers().bind(function, VfioPciDriver.NAME);
        }
        return here.driver.node(function);
    }

    /// A physical function whose virtual ones nobody uses can be had itself.
    private static void release(Hierarchy here, HostFunction function) {
        var has = function.driver();
        if (has == null || !has.name().equals(PfStub.NAME)) {
            return;
        }
        for (var virtual : function.virtuals()) {
            var node = here.driver.node(virtual);
            if (node != null && node.isInUse()) {
                throw new HostException(Errno.EBUSY, virtual + " is in use");
            }
        }
        here.pci.drivers().unbind(function);
    }

    /// A line for each function, for people.
    List<String> lines() {
        return functions().stream().map(SimulatedHost::line).toList();
    }

    private static String line(HostFunction function) {
        var driver = function.driver();
        return function.name() + " " + function.label() + " type "
                + function.kind().word() + " group " + function.group().id() + " driver "
                + (driver == null ? "none" : driver.name())
                + (function.vfioNumber() < 0 ? "" : " " + VfioHost.DEVICES + function.vfioNumber());
    }
}
