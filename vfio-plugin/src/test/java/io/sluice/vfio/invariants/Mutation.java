package io.sluice.vfio.invariants;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// One guard of the product, and how it is broken: its method does nothing and answers `value`; or a call within it is
/// left out, as if it had answered `value`.
///
/// @param holds the invariant that it holds
/// @param type the class, below `io.sluice.vfio`
/// @param call the method that is called no more; null for the whole body
record Mutation(
        String holds, String type, String method, @Nullable String call, int value) {
    /// The table in docs/security-model.md.
    static final List<Mutation> ALL = List.of(
            without("I4", "host.iommu.IommuGroup", "claim", "equals", 1),
            without("I1", "host.iommu.IommuGroup", "claim", "install", 0),
            without("I1", "host.iommu.IommuGroup", "detach", "install", 0),
            without("S10", "iommufd.GroupState", "replace", "set", 0),
            without("I1", "iommufd.GroupState", "detach", "set", 0),
            without("I1", "host.iommu.PagingDomain", "unmap", "forget", 0),
            without("I1", "host.iommu.IommuGroup", "stageReset", "install", 0),
            empty("I1", "host.iommu.DmaContext", "close", 0),
            without("I1", "iommufd.Ioas", "destroyed", "forgetCompat", 0),
            empty("I2", "host.iommu.IommuDevice", "takePasid", 1),
            empty("I3", "mdev.MdevDma", "isAllowed", 1),
            empty("I3", "mdev.MdevDma", "forbid", 0),
            empty("I4", "vfio.HotResets", "isOwned", 1),
            empty("I4", "vfio.VfioGroup", "blockFile", 0),
            empty("I6", "enqcmd.VmPasids", "revoked", 0),
            empty("I6", "enqcmd.VmPasids", "requireAuthorized", 0),
            empty("I6", "vfio.VfioNode", "silence", 0),
            empty("I6", "host.process.ProcessPasids", "clear", 0),
            empty("I6", "enqcmd.VmFile", "requireOwner", 0),
            without("I7", "iommufd.IommufdAccess", "drop", "kill", 0),
            without("I7", "iommufd.IommufdDevice", "destroyed", "release", 0),
            without("I7", "iommufd.Payer", "giveBack", "unlock", 0),
            without("I7", "iommufd.ioas.PageObject", "unpin", "unpin", 0),
            empty("I3", "iommufd.ioas.AreaPins", "check", 0));

    private static Mutation empty(String holds, String type, String method, int value) {
        return new Mutation(holds, type, method, null, value);
    }

    private static Mutation without(String holds, String type, String method, String call, int value) {
        return new Mutation(holds, type, method, call, value);
    }

    String className() {
        return "io.sluice.vfio." + type;
    }

    /// As the security model calls it.
    String guard() {
        return type.substring(type.lastIndexOf('.') + 1) + "." + method;
    }

    @Override
    public String toString() {
        return holds + " " + type + "." + method + (call == null ? "" : " without " + call);
    }
}
