package io.sluice.vmm.pci;

import io.sluice.vmm.loop.Strand;

/// A bridge without a slot's controls, of any kind: for hierarchies that no guest's kernel sees, where cards come and
/// go by [PciFabric]. Its secondary bus is reachable unless it is held in reset.
public final class BridgePort {
    private static final int BRIDGE_CLASS = 0x060400;

    private final BridgeKind kind;
    private final PciBridge bridge;

    /// @param shape what it has beside the registers of a bridge
    public BridgePort(String name, Strand strand, BridgeKind kind, FunctionShape shape) {
        this.kind = kind;
        var builder = PciFunction.builder(name, strand)
                .ids(kind.vendor, kind.device)
                .classCode(BRIDGE_CLASS)
                .powerManagement();
        if (kind.type != null) {
            builder.pciExpress(kind.type, false);
            forwards(builder);
        }
        shape.apply(builder);
        bridge = new PciBridge(builder, new Link(), () -> {});
    }

    /// Ports pass prefixes of requests; those that lead to a link forward to functions beyond the eighth if told to.
    private void forwards(PciFunctionBuilder builder) {
        int ari = kind.leadsToLink() ? PciExpress.ARI_FORWARDING : 0;
        int capabilities = builder.express + PciExpress.DEVICE_CAPABILITIES_2;
        builder.config.define(capabilities, 4, builder.config.get32(capabilities) | ari | PciExpress.PREFIXES, 0, 0);
        builder.config.define(builder.express + PciExpress.DEVICE_CONTROL_2, 2, 0, 1 << 4 | ari, 0);
    }

    public BridgeKind kind() {
        return kind;
    }

    public PciFunction function() {
        return bridge.function();
    }

    PciBridge bridge() {
        return bridge;
    }

    /// The number of the bus behind. Any thread.
    public int secondary() {
        return bridge.secondary().number();
    }

    /// Whether a memory request to this address goes down through the bridge. Any thread; allocates nothing.
    public boolean claims(long address) {
        var routing = bridge.routing();
        if (!routing.open()) {
            return false;
        }
        var windows = routing.memory();
        for (int i = 0; i < windows.size(); i++) {
            var window = windows.get(i);
            if (Long.compareUnsigned(window.first(), address) <= 0
                    && Long.compareUnsigned(address, window.last()) <= 0) {
                return true;
            }
        }
        return false;
    }

    private final class Link implements PciBridge.Link {
        @Override
        public boolean isUp() {
            return !bridge.holdsReset();
        }

        @Override
        public void secondaryReset(boolean asserted) {
            bridge.settle();
            if (asserted) {
                bridge.secondary().resetBelow();
            }
        }
    }
}
