package io.sluice.vfio.host.pci;

import io.sluice.vmm.pci.PciFabric;
import io.sluice.vmm.pci.PciFunction;
import io.sluice.vmm.pci.Sriov;
import java.util.List;

/// The virtual functions of one physical function: all that there can be, made with it, and those that the host's
/// kernel
/// knows.
final class VirtualFunctions implements Sriov.Source {
    /// One that the hardware has, whether enabled or not.
    record Slot(PciFunction pci, HostDma dma, HostPin pin, PciFabric.Wires wires, Runnable close) {}

    /// Who enables and disables them.
    interface Switch {
        /// Takes all of a physical function's away.
        ///
        /// @throws io.sluice.vfio.host.HostException EBUSY if one is being given to a driver just now; then all stay
        void disable(HostFunction physical);
    }

    private final List<Slot> slots;
    private volatile List<HostFunction> enabled = List.of();

    VirtualFunctions(List<Slot> slots) {
        this.slots = List.copyOf(slots);
    }

    int total() {
        return slots.size();
    }

    Slot slot(int vf) {
        return slots.get(vf);
    }

    List<HostFunction> enabled() {
        return enabled;
    }

    void enabled(List<HostFunction> known) {
        enabled = List.copyOf(known);
    }

    @Override
    public PciFunction function(int vf) {
        return slots.get(vf).pci();
    }

    @Override
    public PciFabric.Wires wires(int vf) {
        return slots.get(vf).wires();
    }

    /// Waits until what the physical function's registers said has reached each of them. From a thread that is in no
    /// strand.
    void settle() {
        for (var slot : slots) {
            slot.pci().strand().call(() -> {});
        }
    }

    void close() {
        slots.forEach(slot -> slot.close().run());
    }
}
