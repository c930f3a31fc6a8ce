package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.iommu.ReservedRegion;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One function of a host, as it is described.
///
/// @param where its place in the description, for messages
/// @param behind the name of the bridge that it sits behind; null for the root bus
/// @param devfn device and function number; -1 for the next free device
/// @param iommu the unit that it, and what is behind it, stands behind; null for that of the bridge above
/// @param device the model's name; null for bridges and event collectors
/// @param hotPlug whether room is kept for what comes behind it later
/// @param quirks what is true of it although its registers do not say so
public record FunctionConfig(
        String where,
        String name,
        FunctionKind kind,
        @Nullable String behind,
        int devfn,
        @Nullable String iommu,
        @Nullable String device,
        Map<String, String> properties,
        Features features,
        @Nullable Vfs vfs,
        Quirks quirks,
        List<ReservedRegion> reserved,
        boolean hotPlug) {

    /// Capabilities that the host's hardware gives to a model.
    ///
    /// @param acs services that are offered, as in `vmm.pci.Acs`; -1 for no such capability
    /// @param acsOff services that the host leaves off
    /// @param ats invalidations that the function takes at once; 0 for no such capability
    /// @param pri page requests that may be under way; 0 for no such capability
    /// @param pasidBits 0 for no such capability
    /// @param reset whether the function can be reset alone
    /// @param coherent whether its DMA snoops the caches
    public record Features(
            int acs,
            int acsOff,
            int ats,
            int pri,
            int pasidBits,
            boolean pasidExecute,
            boolean pasidPrivileged,
            boolean ari,
            boolean reset,
            boolean coherent) {}

    /// Virtual functions.
    ///
    /// @param device their device id; -1 for the physical function's
    /// @param properties of each one's model; as many as there are functions
    public record Vfs(int total, int firstOffset, int stride, int device, List<Map<String, String>> properties) {}

    /// @param isolated what access control is taken for; null if the registers say it
    /// @param aliases device and function numbers on its bus by which its requests may come too
    /// @param bridgeAlias whether an alias of a bridge is what it is not by its kind: its own id in place of the
    ///     secondary bus, or the other way round
    public record Quirks(@Nullable Boolean isolated, List<Integer> aliases, boolean bridgeAlias) {
        static final Quirks NONE = new Quirks(null, List.of(), false);
    }
}
