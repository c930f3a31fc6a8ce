package io.sluice.vmm.pci;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.irq.MsiTarget;
import io.sluice.vmm.trace.Trace;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A hierarchy of PCI functions that is not a guest's board: no host bridge, no ports, and each function has wires of
/// its own. Functions are added and removed by one thread at a time, which is in no strand; virtual functions come and
/// go by the registers of their physical one.
public final class PciFabric {
    private final Decoder decoder;
    private final PciTrace told;
    private final PciBus root = new PciBus(null);

    /// What a function reaches.
    ///
    /// @param intx what its pin is wired to
    public record Wires(MsiTarget msi, DmaTarget dma, IrqLine intx, DmaFault.Watch faults) {}

    /// @param memory where BARs and windows are shown; `io` the same for ports
    public PciFabric(AddressSpace memory, AddressSpace io, Trace trace) {
        decoder = new Decoder(memory, io);
        told = new PciTrace(trace);
    }

    /// Puts a function behind a bridge. Functions of one slot are marked as such.
    ///
    /// @param behind null for the root bus
    /// @param devfn device and function number
    /// @throws PciException if the place is taken
    public void add(@Nullable BridgePort behind, int devfn, PciFunction function, Wires wires) {
        var bus = bus(behind);
        if (bus.at(devfn) != null) {
            throw new PciException("PCI: slot " + (devfn >> 3) + " function " + (devfn & 7) + " not available for "
                    + function.name() + ", in use");
        }
        boolean several = (devfn & 7) != 0;
        for (var other : bus.functions()) {
            var place = other.port();
            if (place != null && place.devfn() >> 3 == devfn >> 3 && !other.isVirtual()) {
                several = true;
                other.strand().call(other::markMultiFunction);
            }
        }
        if (several) {
            function.strand().call(function::markMultiFunction);
        }
        var port = port(bus, devfn, wires);
        function.strand().call(() -> {
            function.attach(port);
            var sriov = function.extensions().sriov();
            if (sriov != null) {
                sriov.listen(new Vfs(function, port));
            }
        });
        bus.put(devfn, function);
    }

    /// Puts a bridge behind a bridge.
    public void add(@Nullable BridgePort behind, int devfn, BridgePort bridge, Wires wires) {
        add(behind, devfn, bridge.function(), wires);
        bus(behind).put(bridge.bridge());
    }

    private PciBus bus(@Nullable BridgePort behind) {
        return behind == null ? root : behind.bridge().secondary();
    }

    private PciPort port(PciBus bus, int devfn, Wires wires) {
        var wiring = new PciHost.Wiring(decoder, wires.msi(), wires.dma(), told, wires.faults());
        return new PciPort(bus, devfn, wiring, wires.intx(), -1);
    }

    /// Takes a function off its bus, and what is behind it if it is a bridge. When this returns, its BARs answer no
    /// more and it can send nothing; it is reset. Unknown functions are ignored.
    public void remove(PciFunction function) {
        var place = function.port();
        if (place == null) {
            return;
        }
        var bus = place.bus();
        for (var bridge : List.copyOf(bus.bridges())) {
            if (bridge.function() == function) {
                bridge.secondary().functions().forEach(this::remove);
                bus.clear(bridge);
            }
        }
        bus.clear(place.devfn());
        function.strand().call(function::detach);
    }

    /// The function that a configuration request to `at` reaches. Any thread.
    public @Nullable PciFunction find(Bdf at) {
        return root.find(at.bus(), at.bits() & 0xFF);
    }

    /// All functions; those behind a bridge follow those of the bridge's bus.
    public List<PciFunction> functions() {
        var all = new ArrayList<PciFunction>();
        collect(root, all);
        return all;
    }

    private static void collect(PciBus bus, List<PciFunction> all) {
        all.addAll(bus.functions());
        bus.bridges().forEach(bridge -> collect(bridge.secondary(), all));
    }

    /// The virtual functions of one physical function, on whose strand this is. What it does to a virtual function it
    /// leaves to that one's strand, and does not wait.
    private final class Vfs implements Sriov.Listener {
        private final PciFunction physical;
        private final PciPort place;
        private final List<PciFunction> present = new ArrayList<>();

        Vfs(PciFunction physical, PciPort place) {
            this.physical = physical;
            this.place = place;
        }

        @Override
        public void changed(Sriov sriov) {
            var source = sriov.source();
            int wanted = source == null || physical.port() != place ? 0 : sriov.count();
            while (present.size() > wanted) {
                int last = present.size() - 1;
                var gone = present.remove(last);
                place.bus().clear(devfn(sriov, last));
                gone.strand().post(gone::detach);
            }
            while (source != null && present.size() < wanted) {
                int next = present.size();
                var made = source.function(next);
                var port = port(place.bus(), devfn(sriov, next), source.wires(next));
                made.strand().post(() -> made.attach(port));
                place.bus().put(devfn(sriov, next), made);
                present.add(made);
            }
            for (int vf = 0; vf < present.size(); vf++) {
                settle(sriov, vf, present.get(vf));
            }
        }

        private int devfn(Sriov sriov, int vf) {
            var settings = sriov.settings();
            return place.devfn() + settings.firstOffset() + vf * settings.stride() & 0xFF;
        }

        private void settle(Sriov sriov, int vf, PciFunction function) {
            var addresses = new long[6];
            for (int i = 0; i < addresses.length; i++) {
                addresses[i] = Math.max(0, sriov.address(vf, i));
            }
            boolean decoded = sriov.decodes();
            function.strand().post(() -> function.placeVirtual(addresses, decoded));
        }
    }
}
