package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.pci.Acs;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Finds the group of a function that has none yet, as Linux does: by the requester ids that it may use, by the first
/// bridge from which its requests are isolated, by who shares an id with it, and by who shares its slot.
final class Groups {
    private final Supplier<IommuGroup> fresh;

    Groups(Supplier<IommuGroup> fresh) {
        this.fresh = fresh;
    }

    /// A requester id, and who stands where it comes from.
    record Alias(int requester, HostFunction from) {
        Bdf bdf() {
            return new Bdf(requester);
        }
    }

    /// Every requester id by which the function's requests may come, its own first, then as they go up.
    static List<Alias> aliases(HostFunction function) {
        var found = new ArrayList<Alias>();
        found.add(new Alias(function.address().bits(), function));
        for (int devfn : function.config().quirks().aliases()) {
            if (!function.isVirtual()) {
                found.add(new Alias(function.bus().number() << 8 | devfn, function));
            }
        }
        for (@Nullable HostFunction here = function.above(); here != null; here = here.above()) {
            int id = bridgeAlias(here);
            if (id >= 0) {
                found.add(new Alias(id, here));
            }
        }
        return found;
    }

    /// What a bridge puts in place of the requester ids from below; -1 if it leaves them. One from PCI Express to
    /// conventional PCI takes the bus below, where requests have no id; others take their own.
    private static int bridgeAlias(HostFunction bridge) {
        var below = bridge.belowBus();
        var port = bridge.bridge();
        if (below == null || port == null) {
            return -1;
        }
        int secondary = below.number() << 8;
        int own = bridge.address().bits();
        boolean other = bridge.config().quirks().bridgeAlias();
        return switch (port.kind()) {
            case ROOT_PORT, UPSTREAM_PORT, DOWNSTREAM_PORT -> -1;
            case EXPRESS_TO_PCI -> other ? own : secondary;
            case PCI_TO_EXPRESS -> own;
            case PCI_TO_PCI -> other ? secondary : own;
        };
    }

    /// The group that a function belongs to; a new one if it is the first of it.
    IommuGroup of(HostFunction function) {
        var top = function;
        for (var alias : aliases(function)) {
            var known = alias.from().knownGroup();
            if (known != null) {
                return known;
            }
            top = alias.from();
        }
        for (@Nullable HostFunction bridge = top.above(); bridge != null; bridge = bridge.above()) {
            if (Isolation.pathEnforces(bridge, Acs.ISOLATION)) {
                break;
            }
            top = bridge;
            var known = bridge.knownGroup();
            if (known != null) {
                return known;
            }
        }
        var looked = new BitSet();
        var shared = ofAliases(top, looked);
        if (shared == null) {
            shared = ofSlot(top, looked);
        }
        return shared != null ? shared : fresh.get();
    }

    /// That of those on the bus who share a requester id with it.
    private @Nullable IommuGroup ofAliases(HostFunction function, BitSet looked) {
        if (looked.get(function.devfn())) {
            return null;
        }
        looked.set(function.devfn());
        var known = function.knownGroup();
        if (known != null) {
            return known;
        }
        for (var other : function.bus().functions()) {
            if (other != function && (isAliasOf(function, other) || isAliasOf(other, function))) {
                var shared = ofAliases(other, looked);
                if (shared == null) {
                    shared = ofSlot(other, looked);
                }
                if (shared != null) {
                    return shared;
                }
            }
        }
        return null;
    }

    private static boolean isAliasOf(HostFunction one, HostFunction other) {
        return !one.isVirtual() && one.config().quirks().aliases().contains(other.devfn());
    }

    /// That of those in the slot who are not isolated from it.
    private @Nullable IommuGroup ofSlot(HostFunction function, BitSet looked) {
        if (!function.isSeveral() || Isolation.enforces(function, Acs.ISOLATION)) {
            return null;
        }
        for (var other : function.bus().functions()) {
            if (other != function && other.sharesSlot(function) && !Isolation.enforces(other, Acs.ISOLATION)) {
                var shared = ofAliases(other, looked);
                if (shared != null) {
                    return shared;
                }
            }
        }
        return null;
    }
}
