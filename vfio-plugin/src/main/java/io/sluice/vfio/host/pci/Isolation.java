package io.sluice.vfio.host.pci;

import io.sluice.vmm.pci.Acs;
import io.sluice.vmm.pci.BridgeKind;
import org.jspecify.annotations.Nullable;

/// Whether a function, and the path above it, keep its requests from turning to a peer before the IOMMU has seen them.
/// As Linux decides it, by the registers; what is known of a device in particular comes first.
final class Isolation {
    private Isolation() {}

    /// Whether the function enforces `services` of [Acs], or needs none to be isolated.
    static boolean enforces(HostFunction function, int services) {
        var quirk = function.config().quirks().isolated();
        if (quirk != null && !function.isVirtual()) {
            return quirk;
        }
        return switch (function.kind()) {
            case CONVENTIONAL, PCI_BRIDGE, EXPRESS_TO_PCI, PCI_TO_EXPRESS, EVENT_COLLECTOR -> false;
            case ROOT_PORT, DOWNSTREAM_PORT -> hasEnabled(function, services);
            case ENDPOINT, INTEGRATED_ENDPOINT, UPSTREAM_PORT ->
                !function.isSeveral() || hasEnabled(function, services);
        };
    }

    private static boolean hasEnabled(HostFunction function, int services) {
        var acs = function.pci().extensions().acs();
        return acs != null && acs.enforces(services);
    }

    /// The same for a function and every bridge from there to the root.
    static boolean pathEnforces(HostFunction function, int services) {
        for (@Nullable HostFunction here = function; here != null; here = here.above()) {
            if (!enforces(here, services)) {
                return false;
            }
        }
        return true;
    }

    /// Whether requests with a PASID can be allowed: they are routed by an address that only the IOMMU understands, so
    /// nothing on the way may look at it. A virtual function has its physical one's capability.
    static int pasidBits(HostFunction function) {
        var physical = function.physical();
        var owner = physical == null ? function : physical;
        var pasid = owner.pci().extensions().pasid();
        int path = Acs.REQUEST_REDIRECT | Acs.UPSTREAM_FORWARDING;
        return pasid == null || !pathEnforces(owner, path) || !isExpressAllTheWay(owner) ? 0 : pasid.bits();
    }

    /// Prefixes of requests do not cross a conventional bus.
    private static boolean isExpressAllTheWay(HostFunction function) {
        for (@Nullable HostFunction here = function.above(); here != null; here = here.above()) {
            var bridge = here.bridge();
            if (bridge == null || bridge.kind().leadsToConventional() || bridge.kind() == BridgeKind.PCI_TO_EXPRESS) {
                return false;
            }
        }
        return true;
    }

    /// Whether it is told to send requests with PASIDs now.
    static boolean sendsPasids(HostFunction function) {
        var physical = function.physical();
        var pasid = (physical == null ? function : physical).pci().extensions().pasid();
        return pasid != null && pasid.enabled();
    }
}
