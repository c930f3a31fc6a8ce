package io.sluice.vfio.testkit;

import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.iommu.DomainOptions;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vfio.host.iommu.PagingDomain;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vfio.host.models.HostModels;
import io.sluice.vfio.host.pci.HostConfig;
import io.sluice.vfio.host.pci.HostFunction;
import io.sluice.vfio.host.pci.HostPci;
import io.sluice.vfio.vfio.Eventfd;
import io.sluice.vfio.vfio.SetIrqs;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioFeature;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vfio.vfio.pci.VfioPciDevice;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.testkit.PciBoard;
import io.sluice.vmm.trace.Trace;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A host with an NVMe controller, an edu and two copiers, and a guest's board beside it; vfio-pci has what a test
/// binds. A root port is above each, and an IOMMU in front of memory.
public final class Passthrough implements AutoCloseable {
    private static final String HOST = """
            {"functions": [
              {"name": "rp0", "type": "root-port", "acs": true},
              {"name": "nvme0", "type": "endpoint", "behind": "rp0", "device": "nvme", "ats": true, "acs": true},
              {"name": "rp1", "type": "root-port", "acs": true},
              {"name": "copier0", "type": "endpoint", "behind": "rp1", "device": "copier",
               "ats": true, "pri": true, "pasid": true, "ari": true},
              {"name": "rp2", "type": "root-port", "acs": true},
              {"name": "copier1", "type": "endpoint", "behind": "rp2", "device": "copier"},
              {"name": "edu0", "type": "conventional", "device": "edu"}]}
            """;

    public final PciBoard board = new PciBoard();
    public final Steps steps = new Steps();
    public final HostFrames frames = new HostFrames();
    public final HostFrames.Run memory = frames.add(board.ram);
    public final HostPci host;
    private final List<Bound> all = new ArrayList<>();
    private int groups;

    public Passthrough() {
        this(null);
    }

    /// @param strands makes the strands of the host's functions; null for those of the board's loop
    public Passthrough(@Nullable Supplier<Strand> strands) {
        Supplier<Strand> made = strands == null ? board.loop::strand : strands;
        var models = new HostModels(name -> null).with("copier", Copier::make);
        host = new HostPci(
                HostConfig.read(HOST),
                new HostPci.Ground(frames, steps, made, models, () -> new IommuGroup(groups++), Trace.none()));
    }

    /// A function that vfio-pci has, seen as its user sees it.
    public final class Bound {
        public final HostFunction function;
        public final VfioPciDevice device;
        public final VfioDevice vfio;

        private Bound(HostFunction function) {
            this.function = function;
            this.device = VfioPciDevice.bind(function, VfioPciDevice.Place.of(host, function, steps));
            this.vfio = new VfioDevice(device, function.pci().strand());
        }

        public Bound open() {
            device.opened(vfio.interrupts());
            return this;
        }

        public int config(int at, int size) {
            return (int) vfio.load(VfioRegion.CONFIG, at, size) & -1 >>> 32 - 8 * size;
        }

        public void config(int at, int size, int value) {
            vfio.store(VfioRegion.CONFIG, at, size, value & 0xFFFF_FFFFL);
        }

        /// The same register of the function itself.
        public int real(int at, int size) {
            return function.configRead(at, size) & -1 >>> 32 - 8 * size;
        }

        public long bar(long at, int size) {
            return device.read(0, at, size);
        }

        public void bar(long at, int size, long value) {
            device.write(0, at, size, value);
        }

        /// Where the user's configuration space has a capability; 0 if nowhere.
        public int capability(int id) {
            for (int at = config(0x34, 1); at != 0; at = config(at + 1, 1)) {
                if (config(at, 1) == id) {
                    return at;
                }
            }
            return 0;
        }

        /// What mappings of BAR 0 lead to.
        public BusDevice mapping() {
            var mapped = vfio.mapped(0);
            if (mapped == null) {
                throw new AssertionError("BAR 0 cannot be mapped");
            }
            return mapped.device();
        }

        public VfioFeature feature(int id) {
            var feature = device.feature(id);
            if (feature == null) {
                throw new AssertionError("no feature " + id);
            }
            return feature;
        }

        public void listen(VfioIrq irq, int start, Eventfd... eventfds) {
            vfio.setIrqs(SetIrqs.trigger(irq, start, eventfds));
        }

        public void disable(VfioIrq irq) {
            vfio.setIrqs(SetIrqs.none(SetIrqs.ACTION_TRIGGER, irq, 0, 0));
        }

        /// Lets its requests at the board's memory, `iova` being its address 0, and turns bus mastering on.
        public PagingDomain reach(long iova) {
            var domain = function.iommu().unit().newPagingDomain(new DomainOptions(false, false, false));
            domain.map(new Iova(iova), memory, true, true);
            function.group().claim(this);
            function.group().set(0, domain);
            config(4, 2, config(4, 2) | 4);
            return domain;
        }
    }

    /// A function of the host by its name.
    public HostFunction at(String name) {
        var function = host.find(name);
        if (function == null) {
            throw new AssertionError("no function " + name);
        }
        return function;
    }

    public Bound bind(String name) {
        var bound = new Bound(at(name));
        all.add(bound);
        return bound;
    }

    public Bound open(String name) {
        return bind(name).open();
    }

    @Override
    public void close() {
        host.close();
        board.close();
    }
}
