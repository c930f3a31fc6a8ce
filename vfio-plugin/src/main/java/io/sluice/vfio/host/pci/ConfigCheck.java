package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.iommu.UnitSettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Looks at how the functions of a description stand to one another, and gives each a place.
final class ConfigCheck {
    private static final int BUSES = 256;
    private static final int DEVICES = 32;

    private final List<UnitSettings> iommus;
    private final Map<String, FunctionConfig> byName = new LinkedHashMap<>();

    ConfigCheck(List<UnitSettings> iommus) {
        this.iommus = iommus;
    }

    private static HostConfigException wrong(FunctionConfig at, String what) {
        return new HostConfigException(at.where(), "\"" + at.name() + "\" " + what);
    }

    /// @return the same functions, all with a place
    List<FunctionConfig> check(List<FunctionConfig> functions) {
        for (var function : functions) {
            if (byName.put(function.name(), function) != null) {
                throw wrong(function, "is another's name already; choose another");
            }
        }
        for (var function : functions) {
            checkIommu(function);
            checkBehind(function);
            checkVfs(function);
        }
        functions.forEach(this::checkCycle);
        checkBuses(functions);
        return place(functions);
    }

    private void checkIommu(FunctionConfig function) {
        var wanted = function.iommu();
        if (wanted != null && function.behind() != null) {
            throw wrong(function, "names an IOMMU, and sits behind a bridge; name it where the root bus is left");
        }
        if (wanted != null && iommus.stream().noneMatch(unit -> unit.name().equals(wanted))) {
            throw wrong(
                    function,
                    "stands behind \"" + wanted + "\", which is no IOMMU; there are "
                            + String.join(
                                    ", ",
                                    iommus.stream().map(UnitSettings::name).toList()));
        }
    }

    private @Nullable FunctionConfig above(FunctionConfig function) {
        var behind = function.behind();
        return behind == null ? null : byName.get(behind);
    }

    private void checkBehind(FunctionConfig function) {
        var above = above(function);
        if (function.behind() != null && above == null) {
            throw wrong(
                    function,
                    "sits behind \"" + function.behind() + "\", which is not there; there are "
                            + String.join(", ", byName.keySet()));
        }
        var kind = above == null ? null : above.kind();
        if (above != null && kind != null && kind.bridge() == null) {
            throw wrong(function, "sits behind \"" + above.name() + "\", which is no bridge; name a port or a bridge");
        }
        if (!function.kind().fitsBehind(kind)) {
            throw wrong(
                    function,
                    "is of type " + function.kind().word() + ", which cannot sit "
                            + (above == null
                                    ? "on the root bus"
                                    : "behind a " + above.kind().word()) + "; there can "
                            + FunctionKind.fitting(kind));
        }
    }

    private void checkVfs(FunctionConfig function) {
        var vfs = function.vfs();
        if (vfs == null) {
            return;
        }
        int last = vfs.firstOffset() + (vfs.total() - 1) * vfs.stride() + Math.max(0, function.devfn());
        if (last > 255) {
            throw wrong(function, "has virtual functions beyond its bus; lower total, first-offset or stride");
        }
        if (function.kind() == FunctionKind.ENDPOINT
                && last > 7
                && !function.features().ari()) {
            throw wrong(function, "has virtual functions beyond the eighth function; turn ari on, or lower total");
        }
    }

    private void checkCycle(FunctionConfig function) {
        var seen = new HashSet<FunctionConfig>();
        for (var here = function; here != null; here = above(here)) {
            if (!seen.add(here)) {
                throw wrong(function, "sits behind itself by way of \"" + here.behind() + "\"; put one elsewhere");
            }
        }
    }

    private static void checkBuses(List<FunctionConfig> functions) {
        int buses = 1;
        for (var function : functions) {
            buses += function.kind().bridge() == null ? 0 : function.hotPlug() ? 2 : 1;
            if (buses > BUSES) {
                throw wrong(function, "needs a bus beyond the 256 that there are; take bridges away");
            }
        }
    }

    // ---- places

    private List<FunctionConfig> place(List<FunctionConfig> functions) {
        var taken = new HashMap<@Nullable String, Map<Integer, String>>();
        for (var function : functions) {
            if (function.devfn() >= 0) {
                claim(function, function.devfn(), taken(taken, function));
            }
        }
        var placed = new ArrayList<FunctionConfig>();
        for (var function : functions) {
            if (function.devfn() >= 0) {
                placed.add(function);
                continue;
            }
            int devfn = free(function, above(function), taken(taken, function));
            claim(function, devfn, taken(taken, function));
            placed.add(at(function, devfn));
        }
        return placed;
    }

    private static Map<Integer, String> taken(
            Map<@Nullable String, Map<Integer, String>> taken, FunctionConfig function) {
        return taken.computeIfAbsent(function.behind(), bus -> new HashMap<>());
    }

    private void claim(FunctionConfig function, int devfn, Map<Integer, String> taken) {
        var above = above(function);
        if (isLink(above) && devfn >> 3 != 0) {
            throw wrong(function, "is not at device 0, and only that is behind a port; write at as 00.f");
        }
        take(function, devfn, taken);
        var vfs = function.vfs();
        for (int vf = 0; vfs != null && vf < vfs.total(); vf++) {
            take(function, devfn + vfs.firstOffset() + vf * vfs.stride(), taken);
        }
    }

    private static void take(FunctionConfig function, int devfn, Map<Integer, String> taken) {
        if (devfn > 255) {
            throw wrong(function, "has virtual functions beyond its bus; lower total, first-offset or stride");
        }
        var other = taken.put(devfn, function.name());
        if (other != null) {
            throw wrong(
                    function,
                    String.format(
                            "wants %02x.%x, where \"%s\" has something already; choose another at",
                            devfn >> 3, devfn & 7, other));
        }
    }

    private static boolean isLink(@Nullable FunctionConfig above) {
        var bridge = above == null ? null : above.kind().bridge();
        return bridge != null && bridge.leadsToLink();
    }

    /// Function 0 of the first device that has none; a root bus begins with its host bridge's device.
    private static int free(FunctionConfig function, @Nullable FunctionConfig above, Map<Integer, String> taken) {
        int devices = isLink(above) ? 1 : DEVICES;
        for (int device = above == null ? 1 : 0; device < devices; device++) {
            int first = device << 3;
            if (taken.keySet().stream().noneMatch(devfn -> devfn >> 3 == first >> 3)) {
                return first;
            }
        }
        throw wrong(function, "finds no free device on its bus; give it an at, or put it elsewhere");
    }

    private static FunctionConfig at(FunctionConfig of, int devfn) {
        return new FunctionConfig(
                of.where(),
                of.name(),
                of.kind(),
                of.behind(),
                devfn,
                of.iommu(),
                of.device(),
                of.properties(),
                of.features(),
                of.vfs(),
                of.quirks(),
                of.reserved(),
                of.hotPlug());
    }
}
