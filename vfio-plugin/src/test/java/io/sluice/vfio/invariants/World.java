package io.sluice.vfio.invariants;

import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.iommu.Domain;
import io.sluice.vfio.host.iommu.DomainOptions;
import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vfio.host.iommu.PagingDomain;
import io.sluice.vfio.host.memory.MemFile;
import io.sluice.vfio.host.models.HostModels;
import io.sluice.vfio.host.pci.HostConfig;
import io.sluice.vfio.host.pci.HostDriver;
import io.sluice.vfio.host.pci.HostFunction;
import io.sluice.vfio.host.pci.HostPci;
import io.sluice.vfio.host.process.Kernel;
import io.sluice.vfio.iommufd.IommuNode;
import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.vfio.IommufdBinder;
import io.sluice.vfio.vfio.VfioHost;
import io.sluice.vfio.vfio.pci.VfioPciDriver;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.testkit.DirectLoop;
import io.sluice.vmm.trace.Trace;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One simulated host: functions behind ports with access control and behind a switch without, one of several
/// functions that are kept apart, a conventional bus, a physical function with virtual ones, and mdevs.
final class World {
    /// Driven by vfio-pci or `native`, or by nobody.
    static final List<String> FUNCTIONS = List.of("one", "two", "mf0", "mf1", "sw0", "sw1", "old0", "old1");

    static final List<String> CONVENTIONAL = List.of("old0", "old1");
    static final String PHYSICAL = "pf";
    static final int VFS = 2;

    private static final String HOST = """
            {"functions": [
              {"name": "rp0", "type": "root-port", "acs": true},
              {"name": "one", "type": "endpoint", "behind": "rp0", "device": "prober", "pasid": true},
              {"name": "rp1", "type": "root-port", "acs": true},
              {"name": "two", "type": "endpoint", "behind": "rp1", "device": "prober", "pasid": true},
              {"name": "rp2", "type": "root-port", "acs": true},
              {"name": "mf0", "type": "endpoint", "behind": "rp2", "at": "00.0", "device": "prober", "acs": true},
              {"name": "mf1", "type": "endpoint", "behind": "rp2", "at": "00.1", "device": "prober", "acs": true},
              {"name": "rp3", "type": "root-port", "acs": true},
              {"name": "up", "type": "upstream-port", "behind": "rp3"},
              {"name": "dn0", "type": "downstream-port", "behind": "up"},
              {"name": "dn1", "type": "downstream-port", "behind": "up"},
              {"name": "sw0", "type": "endpoint", "behind": "dn0", "device": "prober"},
              {"name": "sw1", "type": "endpoint", "behind": "dn1", "device": "prober"},
              {"name": "rp4", "type": "root-port", "acs": true},
              {"name": "bridge", "type": "pcie-to-pci-bridge", "behind": "rp4"},
              {"name": "old0", "type": "conventional", "behind": "bridge", "device": "prober"},
              {"name": "old1", "type": "conventional", "behind": "bridge", "device": "prober"},
              {"name": "rp5", "type": "root-port", "acs": true},
              {"name": "pf", "type": "endpoint", "behind": "rp5", "device": "prober", "ari": true,
               "sriov": {"total": 2}}]}
            """;

    final Steps steps = new Steps();
    final Kernel kernel = new Kernel(steps, Trace.none());
    final VfioHost vfio = new VfioHost(kernel, new IommufdBinder());
    final DirectLoop loop = new DirectLoop();
    final MdevBus bus = new MdevBus(vfio);
    final HostPci host;
    final VfioPciDriver driver;
    final ProbeDriver mdevs;

    /// The host's own memory, which devices of groups that nobody owns reach by their requester ids.
    final MemFile own;

    private Consumer<IommuDevice> onReset = device -> {};
    private final List<IommuGroup> groups = new ArrayList<>();
    private @Nullable PagingDomain home;

    World() {
        new IommuNode(kernel);
        host = new HostPci(
                HostConfig.read(HOST),
                new HostPci.Ground(
                        kernel.frames(),
                        steps,
                        loop::strand,
                        new HostModels(name -> null).with("prober", Prober.model(device -> onReset.accept(device))),
                        this::newGroup,
                        Trace.none()));
        own = MemFile.create(kernel.frames(), RandomDriver.WINDOW * Model.PAGE);
        home = host.units().getFirst().newPagingDomain(DomainOptions.PLAIN);
        home.map(new Iova(0), own.frames(), true, true);
        groups.forEach(group -> group.setDefault(home));
        driver = new VfioPciDriver(host, vfio);
        host.drivers().register(driver, host.functions());
        host.drivers().register(new Native("native", ""), host.functions());
        host.drivers().register(new Native("pf", PHYSICAL), host.functions());
        mdevs = new ProbeDriver(host.units().getFirst(), this::newGroup);
        bus.register(mdevs);
    }

    /// What a function does while it is reset.
    void onReset(Consumer<IommuDevice> does) {
        onReset = does;
    }

    private IommuGroup newGroup() {
        var group = new IommuGroup(groups.size());
        if (home != null) {
            group.setDefault(home);
        }
        groups.add(group);
        return group;
    }

    /// Whether it is the one in which the host's own drivers work.
    boolean isHome(Domain domain) {
        return domain.equals(home);
    }

    HostFunction at(String name) {
        var function = host.find(name);
        if (function == null) {
            throw new IllegalStateException("no function " + name);
        }
        return function;
    }

    /// A driver of the host, which works in the default domain.
    private record Native(String name, String label) implements HostDriver {
        @Override
        public boolean matches(HostFunction function) {
            return function.label().equals(label);
        }

        @Override
        public boolean enablesVfs() {
            return true;
        }

        @Override
        public void probe(HostFunction function) {}

        @Override
        public void remove(HostFunction function) {}
    }
}
